"""Corrections: late usage, refunds and price changes on documents of their own."""
