"""How requests are signed: one module per algorithm, and what they share."""
