"""Hour by hour: what each side charges for a subscription's hour, and what explains a difference."""
