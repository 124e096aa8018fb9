"""The gRPC face, asked over real connections."""
