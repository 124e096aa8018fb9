"""The lookup room: decided, recorded, answered, in that order."""
