"""Holds our bills against the Marketplace's.

Owns: what the Marketplace charged and the verdicts. Does not own: our bills (billing); it never changes them.
"""
