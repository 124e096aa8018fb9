"""Veilig Thuis: CSV and XML exports of casus, one row a person (representative schema v0)."""

from adapters.veilig_thuis.adapter import VeiligThuis

ADAPTER = VeiligThuis()
