"""Certificates, OINs and the test CA."""
