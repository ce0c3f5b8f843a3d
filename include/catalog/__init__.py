"""Products and price plans as YAML files, and the reading of them.

Owns: the files and their validation on load. Does not own: the meaning of the values (domain) or their publication to
the warehouse (billing).
"""
