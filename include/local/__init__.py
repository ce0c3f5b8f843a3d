"""The local stack: embedded PostgreSQL, sandbox and Airflow's components on one machine, and the demo.

Owns: starting, watching and stopping processes, and what lies in the state folder. Does not own: the work they do.
"""
