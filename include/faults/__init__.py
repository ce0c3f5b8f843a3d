"""Faults: a simulated month (a scenario), interrupted wherever it touches the warehouse or the outside.

It plays what the DAGs do in one process, on a logical clock, with the sandbox beside it; a seed decides what goes
wrong. `checker`, `accountant` and `liveness` judge what came of it. They share no code with the product: they read its
tables and the sandbox's book.
"""
