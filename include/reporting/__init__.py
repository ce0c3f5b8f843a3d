"""The read side: what the pages and exports show.

Owns: queries for people and their presentation, and the ledger of exported files (reporting.exports), which is all that
it writes to the warehouse.
"""
