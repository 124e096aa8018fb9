"""Politie: XML exports of registrations with the persons involved (representative schema v0)."""

from adapters.politie.adapter import Politie

ADAPTER = Politie()
