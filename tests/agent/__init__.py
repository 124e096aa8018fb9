"""The partner's local agent, between a real socket and real services."""
