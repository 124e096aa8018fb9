"""The watch: numbers compared, partners named."""
