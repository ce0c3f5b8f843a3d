"""Callbacks of a marketplace, and independent oracles for what the product makes of them."""
