"""What a marketplace says and is said, as values and rules: callbacks, their token, and what an event changes."""
