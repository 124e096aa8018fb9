"""The access log: what was asked, decided, written and refused, kept append-only (NEN 7513)."""
