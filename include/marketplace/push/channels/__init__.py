"""One folder for each marketplace: its wire format and its sender. include/orchestration/senders.py chooses by name."""
