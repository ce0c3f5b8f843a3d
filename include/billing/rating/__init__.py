"""Rating: usage × price, exact, for a period."""
