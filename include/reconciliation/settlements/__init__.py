"""Settlement exports: payout figures that no API gives, from files, and their verdicts."""
