"""Tests say behaviour."""
