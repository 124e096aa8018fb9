"""The client that a partner uses, against a real server."""
