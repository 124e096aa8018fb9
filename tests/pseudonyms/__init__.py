"""From BSN to pseudonym, on the partner's side."""
