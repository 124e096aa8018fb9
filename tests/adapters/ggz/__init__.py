"""The GGZ adapter: what it makes of messages one after another, of streams, and what it answers."""
