"""Turns hourly usage into bills: price plans in the warehouse, rating, drafts, issue, explanation.

Owns: every amount. Does not own: how usage came to be known (metering) or what the Marketplace says (reconciliation).
"""
