"""Values and rules, pure: time, money, AKU, products, price plans, lifecycles, errors.

Owns: what a value means and which values are allowed. Does not own: where values come from or where they go. Nothing
here reads a clock, a file, a network or a database, and nothing here imports another room.
"""
