"""What is counted at the end of the demo, and the search for texts that must not be there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway.audit.model import AuditEvent, StoredAuditRecord
from gateway.bootstrap import Site, open_custody
from gateway.bus.topics import TopicKind, topic_of
from gateway.cli.demo.planted import Search
from gateway.cli.demo.site import DemoSite
from gateway.settings import PseudonymServiceSettings, load_pseudonym_service_settings


async def whole_log(audit: Any) -> list[StoredAuditRecord]:
    """Return every record of an access log, oldest first."""
    records: list[StoredAuditRecord] = []
    while page := await audit.read(after=records[-1].sequence if records else 0):
        records += page
    return records


async def evaluations(site: DemoSite) -> int:
    """Return how many blinded numbers the pseudonym service evaluated, by its own log."""
    async with open_custody(_custodian(site)) as store, store.transaction() as tx:
        log = await whole_log(tx.audit)
    return sum(stored.record.count or 0 for stored in log if stored.record.event is AuditEvent.EVALUATION)


async def dead_letters(opened: Site, site: DemoSite) -> int:
    """Return how many messages were turned away."""
    topics = [topic_of(TopicKind.DEAD_LETTER, oin) for oin in site.oins.values()]
    return sum([1 for topic in topics async for _ in opened.bus.browse(topic)])


async def found(opened: Site, site: DemoSite, planted: Sequence[str]) -> int:
    """Return how many of the planted texts stand anywhere past the adapters: files, topics, tables."""
    search = Search(planted)
    await search.folder(site.folder)
    await search.topics(opened.bus, site.oins.values())
    for store in (opened.settings.store, _custodian(site).store):
        if store.url.startswith("postgresql://"):
            await search.postgres(store.url)
    return len(search.found)


def _custodian(site: DemoSite) -> PseudonymServiceSettings:
    return load_pseudonym_service_settings(Path(site.custodian_config))
