"""The question the index exists for: decided, recorded, answered, in that order."""
