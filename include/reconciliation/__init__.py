"""Compares our bills with the Marketplace's.

Owns: what the Marketplace charged and the verdicts. Does not own: our bills (billing); of a bill it changes only the
state, from issued to reconciled.
"""
