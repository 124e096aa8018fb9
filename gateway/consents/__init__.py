"""Consent recorded over gRPC, beside the messages: given, objected, withdrawn, and a partner's own list."""
