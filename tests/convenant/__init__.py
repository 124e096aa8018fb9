"""The partners' agreement and what it decides."""
