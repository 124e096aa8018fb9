"""Composition: the one place that knows which store, bus, convenant, keys and server a process is made of."""

from __future__ import annotations

from gateway.bootstrap.index import (
    Site,
    ingest_loop,
    open_book,
    open_door,
    open_site,
    run_ingest,
    run_server,
)
from gateway.bootstrap.pseudonyms import open_custody, open_key_ring, run_pseudonym_service

__all__ = [
    "Site",
    "ingest_loop",
    "open_book",
    "open_custody",
    "open_door",
    "open_key_ring",
    "open_site",
    "run_ingest",
    "run_pseudonym_service",
    "run_server",
]
