"""What a marketplace tells us: every event is stored before it is answered, and has its effect once."""
