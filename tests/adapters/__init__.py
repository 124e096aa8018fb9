"""Tests of the adapters and their kit."""
