"""From the bus into the index: every message is checked whole, written once, or kept as a dead letter."""
