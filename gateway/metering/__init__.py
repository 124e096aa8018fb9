"""How much a partner has taken of what is scarce or telling, counted in the database: by evaluations and by misses."""
