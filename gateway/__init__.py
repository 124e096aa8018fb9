"""The gateway: everything of the index that is not one partner's own (see ARCHITECTURE.md)."""
