"""The partner's own local service: takes a BSN on this machine, makes the pseudonym, and asks the index."""
