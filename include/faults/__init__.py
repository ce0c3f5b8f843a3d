"""Faults: a life of the product, cut wherever it touches the warehouse or the outside, and whether it heals.

It plays what the DAGs do in one process, on a logical clock, with the sandbox beside it; a seed decides what goes
wrong. `checker`, `accountant` and `liveness` judge what came of it. They share no code with the product: they read its
tables and the sandbox's book.
"""
