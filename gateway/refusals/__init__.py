"""Recorded refusals: what partners decided not to share, for the privacy officers alone."""
