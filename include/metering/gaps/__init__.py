"""Gaps: what waits for a person, and waiving it."""
