"""The read side: what the pages and exports show.

Owns: queries for people and their presentation. Does not own any row: it writes nothing to the warehouse.
"""
