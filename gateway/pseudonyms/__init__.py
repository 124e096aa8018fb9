"""From BSN to pseudonym, on the partner's side; the index sees pseudonyms only."""
