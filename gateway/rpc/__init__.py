"""The gRPC face of the index: callers, services, errors."""
