"""Polls: what each console answered, stored with its readings."""
