"""Imports: usage and polls that come in files."""
