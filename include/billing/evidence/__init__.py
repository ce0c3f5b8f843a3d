"""Evidence: why an amount is what it is, and whether it still is."""
