"""The index: who says to be involved with whom, which persons form a household, and what was consented to."""
