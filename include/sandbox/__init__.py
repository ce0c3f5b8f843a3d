"""A stand-in for the outside: Marketplace, Compute Nest, ECS, BSS and AutoMQ consoles, as one HTTP server.

Owns: its own state, signatures checks, limits, faults and the Marketplace's own computation of bills. It shares no
code with the product, so that what they agree on is agreed over the wire.
"""
