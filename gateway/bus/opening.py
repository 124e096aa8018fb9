"""Which bus the settings mean: the one place that picks an implementation."""

from __future__ import annotations

from gateway.bus.kafka import KafkaBus
from gateway.bus.ports import Bus
from gateway.bus.sqlite import SqliteBus
from gateway.settings import BusSettings


def open_bus(settings: BusSettings) -> Bus:
    """Return the bus of the settings; nothing is connected before it is used."""
    return KafkaBus(settings) if settings.is_kafka else SqliteBus(settings.sqlite_path)
