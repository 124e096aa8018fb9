"""The demo from nothing to the counts, every step through the command a person would type."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from gateway.audit.model import AuditEvent, StoredAuditRecord
from gateway.bootstrap import Site, open_custody, open_site
from gateway.bus.topics import TopicKind, topic_of
from gateway.cli.demo.backends import Backends, fresh_oin_series
from gateway.cli.demo.planted import Search
from gateway.cli.demo.processes import run_command, running
from gateway.cli.demo.result import DemoResult, Story
from gateway.cli.demo.show import ADAPTER_COUNTS
from gateway.cli.demo.stories import AskedStory, ask_story, told
from gateway.cli.trial_site import TRIAL_PARTNERS, SiteTerms, free_port, make_site
from gateway.domain import Oin
from gateway.settings import (
    PseudonymServiceSettings,
    load_index_settings,
    load_pseudonym_service_settings,
)

RECEIPT_SECONDS = 300
"""How long an adapter waits for the receipts of what it sent; a large region takes a while to take in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTerms:
    """What the person who runs the demo chose."""

    backends: Backends
    households: int
    seed: int
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the demo's site is, and whose."""

    site: Path
    terms: SiteTerms
    custodian: PseudonymServiceSettings

    @property
    def oins(self) -> list[Oin]:
        """The partners."""
        return [self.terms.oin(trial.number) for trial in TRIAL_PARTNERS]


async def run_demo(folder: Path, terms: DemoTerms, *, say: Callable[[str], None]) -> DemoResult:
    """Run the whole demo in an empty folder; `say` is told what happens, in Dutch.

    Raises:
        DemoFailed: a command did not do what it should.
        Unavailable: the chosen bus or store cannot be reached.

    """
    backends = terms.backends
    async with backends.store_url("index") as store_url, backends.store_url("pseudonyms") as custody_url:
        say("Proefomgeving maken: test-CA, sleutels, instellingen, convenant")
        site = folder / "site"
        site_terms = SiteTerms(
            port=free_port(),
            pseudonym_port=free_port(),
            store_url=store_url,
            pseudonym_store_url=custody_url,
            bus_url=backends.bus_url,
            oin_series=fresh_oin_series(),
        )
        made = await asyncio.to_thread(make_site, site, site_terms)
        say(f"Regio met {terms.households} huishoudens maken")
        region = folder / "region"
        await _simulate(region, terms)
        index_config = Path(made["index_config"])
        custodian = Path(made["pseudonym_service"]["config"])
        async with (
            running("pseudonym-service", custodian, site / "pseudonym-service.log"),
            running("serve", index_config, site / "serve.log"),
        ):
            reports = await _run_adapters(made, region, say)
            say("Vragen stellen")
            asked = [
                await ask_story(story, made) for story in orjson.loads((region / "stories.json").read_bytes())
            ]
        (site / "answers.json").write_bytes(orjson.dumps([story.answer for story in asked]))
        say("Zoeken naar geplante dossierteksten")
        planted = orjson.loads((region / "planted.json").read_bytes())
        async with open_site(load_index_settings(index_config)) as opened:
            place = _Place(site=site, terms=site_terms, custodian=load_pseudonym_service_settings(custodian))
            return await _sum_up(opened, place, reports, asked, planted)


async def _simulate(region: Path, terms: DemoTerms) -> None:
    await run_command(
        "adapter",
        "simulate",
        str(region),
        "--households",
        str(terms.households),
        "--seed",
        str(terms.seed),
        "--today",
        terms.today.isoformat(),
        "--json",
    )


async def _run_adapters(
    made: dict[str, Any], region: Path, say: Callable[[str], None]
) -> dict[str, dict[str, int]]:
    """Run the adapter of every partner over its source files; return the counts a partner."""
    totals: dict[str, dict[str, int]] = {}
    for trial in TRIAL_PARTNERS:
        say(f"Adapter {trial.kind}: bronbestanden lezen en versturen")
        counts = dict.fromkeys((*ADAPTER_COUNTS, "messages"), 0)
        for export in sorted((region / trial.kind).iterdir()):
            report = await run_command(
                "adapter",
                "run",
                trial.kind,
                "--config",
                made["partners"][trial.kind]["config"],
                "--file",
                str(export),
                "--once",
                "--wait",
                str(RECEIPT_SECONDS),
                "--json",
                # 1: some records were rejected, as the region has bad ones on purpose.
                accepted=(0, 1),
            )
            for name in counts:
                counts[name] += report[name]
        totals[trial.kind] = counts
    return totals


async def _sum_up(
    opened: Site,
    place: _Place,
    reports: dict[str, dict[str, int]],
    asked: Sequence[AskedStory],
    planted: Sequence[str],
) -> DemoResult:
    async with opened.store.transaction() as tx:
        counts = await tx.facts.counts()
        audit_records = await tx.audit.count()
        log = await _whole_log(tx.audit)
    return DemoResult(
        records=sum(report["read"] for report in reports.values()),
        evaluations=await _evaluations(place.custodian),
        messages=sum(report["messages"] for report in reports.values()),
        indexed=counts["versions"],
        dead_letters=await _dead_letters(opened, place.oins),
        audit_records=audit_records,
        planted_texts=len(planted),
        planted_texts_found=len(await _search(opened, place, planted)),
        adapters={kind: {name: report[name] for name in ADAPTER_COUNTS} for kind, report in reports.items()},
        stories=_tell(asked, log),
    )


async def _evaluations(custodian: PseudonymServiceSettings) -> int:
    """Return how many blinded numbers the pseudonym service evaluated, by its own log."""
    async with open_custody(custodian) as store, store.transaction() as tx:
        log = await _whole_log(tx.audit)
    return sum(stored.record.count or 0 for stored in log if stored.record.event is AuditEvent.EVALUATION)


def _tell(asked: Sequence[AskedStory], log: Sequence[StoredAuditRecord]) -> tuple[Story, ...]:
    lookups = {
        stored.record.record_id: stored.record for stored in log if stored.record.event is AuditEvent.LOOKUP
    }
    return tuple(told(story, lookups[story.record_id]) for story in asked)


async def _whole_log(audit: Any) -> list[StoredAuditRecord]:
    records: list[StoredAuditRecord] = []
    while page := await audit.read(after=records[-1].sequence if records else 0):
        records += page
    return records


async def _dead_letters(opened: Site, oins: Sequence[Oin]) -> int:
    return sum([1 for oin in oins async for _ in opened.bus.browse(topic_of(TopicKind.DEAD_LETTER, oin))])


async def _search(opened: Site, place: _Place, planted: Sequence[str]) -> dict[str, set[str]]:
    search = Search(planted)
    await search.folder(place.site)
    await search.topics(opened.bus, place.oins)
    for store in (opened.settings.store, place.custodian.store):
        if store.url.startswith("postgresql://"):
            await search.postgres(store.url)
    return search.found
