"""Alibaba Cloud, one file per service over its own SDK, with one door for errors, deadlines and pages.

Owns: how a call is made and what its failure means. Does not own: when to call, and what follows from the answer.
"""
