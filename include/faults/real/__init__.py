"""Faults in real processes: the local stack with Airflow, whose processes are killed while it is used.

A seed decides what goes wrong and when; what came of it is judged as in a simulated month, against the sandbox's truth.
"""
