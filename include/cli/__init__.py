"""The `akubill` command line: every DAG's work without a scheduler, and the doctor.

Owns: arguments and printing. Does not own: any rule; each command calls the room that owns it.
"""
