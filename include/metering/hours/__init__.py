"""Hours: readings become usage by instance and hour, and what is not known becomes a gap."""
