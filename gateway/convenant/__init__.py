"""The partners' agreement as data, and the pure decision who may see which involvement."""
