"""What every adapter stands on: sources, opaque references, outbox, report."""
