"""The partner's side: one folder a partner kind, and the kit they all stand on."""
