"""Quotes: what a file of usage would cost, and plans compared."""
