"""Products, price plans and channels as YAML files, and the reading of them and of usage files.

Owns: the files and their validation on load. Does not own: the meaning of the values (domain) or their publication to
the warehouse (billing).
"""
