"""Turns what consoles say into hourly usage: readings, hours, gaps, rejections, imports.

Owns: everything up to AKU-seconds per instance and hour. Does not own: prices and bills (billing).
"""
