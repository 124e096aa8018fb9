"""Certificates and the OIN in them; a test CA that says in its name that it is for trials."""
