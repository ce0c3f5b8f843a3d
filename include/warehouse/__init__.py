"""The PostgreSQL warehouse: engine, table definitions, migrations, routines, SQL statements by room, audits.

Owns: the schema and how a statement is found and run. Does not own: what the statements decide; each sql/ folder
belongs to the room of its name.
"""
