"""Prices: published plans and private offers."""
