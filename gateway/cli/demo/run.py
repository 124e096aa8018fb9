"""The demo from nothing to the counts, every step through the command a person would type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import orjson

from gateway.bootstrap import open_site
from gateway.cli.demo.backends import Backends
from gateway.cli.demo.counting import dead_letters, evaluations, found, whole_log
from gateway.cli.demo.processes import run_command, running
from gateway.cli.demo.result import DemoResult
from gateway.cli.demo.show import ADAPTER_COUNTS
from gateway.cli.demo.site import PARTNERS, DemoSite, adapter_of
from gateway.cli.demo.stories import AskedStory, ask_stories, tell
from gateway.settings import load_index_settings

RECEIPT_SECONDS = 300
"""How long an adapter waits for the receipts of what it sent; a large region takes a while to take in."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTerms:
    """What the person who runs the demo chose."""

    backends: Backends
    households: int
    seed: int
    today: date


async def run_demo(folder: Path, terms: DemoTerms, *, say: Say) -> DemoResult:
    """Run the whole demo in an empty folder; `say` is told what happens, in Dutch.

    Raises:
        DemoFailed: a command did not do what it should.
        Unavailable: the chosen bus or store cannot be reached.

    """
    backends = terms.backends
    async with backends.store_url("index") as store_url, backends.store_url("pseudonyms") as custody_url:
        say("Proefomgeving maken: test-CA, sleutels, instellingen, ondertekend convenant")
        site = await DemoSite.make(
            folder / "site", backends, store_url=store_url, pseudonym_store_url=custody_url
        )
        say(f"Regio met {terms.households} huishoudens maken")
        region = folder / "region"
        await _simulate(region, site, terms)
        async with (
            running("pseudonym-service", site.custodian_config, site.folder / "pseudonym-service.log"),
            running("serve", site.index_config, site.folder / "serve.log"),
        ):
            reports = await _run_adapters(site, region, say)
            say("Vragen stellen")
            stories = orjson.loads((region / "stories.json").read_bytes())
            asked = await ask_stories(site, stories)
        (site.folder / "answers.json").write_bytes(orjson.dumps([each.answer for each in asked]))
        planted = orjson.loads((region / "planted.json").read_bytes())
        # A part of what was declared is as bad as all of it.
        planted += [part for story in stories for part in story["explanation"].split(". ") if part]
        return await _sum_up(site, reports, asked, planted=planted, say=say)


async def _simulate(region: Path, site: DemoSite, terms: DemoTerms) -> None:
    await run_command(
        *("adapter", "simulate", str(region)),
        *("--households", str(terms.households), "--seed", str(terms.seed)),
        *("--today", terms.today.isoformat()),
        *(option for name, oin in site.oins.items() for option in ("--oin", f"{name}={oin}")),
        "--json",
    )


async def _run_adapters(site: DemoSite, region: Path, say: Say) -> dict[str, dict[str, int]]:
    """Run the adapter of every partner over its source files; return the counts a partner."""
    totals: dict[str, dict[str, int]] = {}
    for name, partner in PARTNERS.items():
        say(f"{partner.name}: bronbestanden lezen en versturen")
        counts = dict.fromkeys((*ADAPTER_COUNTS, "messages"), 0)
        for export in sorted((region / name).iterdir()):
            ran = await run_command(
                *("adapter", "run", adapter_of(partner), "--config", site.config(name)),
                *("--file", str(export), "--once", "--wait", str(RECEIPT_SECONDS), "--json"),
                # 1: some records were rejected, as the region has bad ones on purpose.
                accepted=(0, 1),
            )
            for count in counts:
                counts[count] += ran.printed[count]
        totals[name] = counts
    return totals


async def _sum_up(
    site: DemoSite,
    reports: Mapping[str, Mapping[str, int]],
    asked: Sequence[AskedStory],
    *,
    planted: Sequence[str],
    say: Say,
) -> DemoResult:
    async with open_site(load_index_settings(Path(site.index_config))) as opened:
        async with opened.store.transaction() as tx:
            counts = await tx.facts.counts()
            audit_records = await tx.audit.count()
            log = await whole_log(tx.audit)
        say("Antwoorden uitleggen")
        stories = await tell(opened.store, asked, log)
        say("Zoeken naar geplante dossierteksten")
        return DemoResult(
            records=sum(report["read"] for report in reports.values()),
            evaluations=await evaluations(site),
            messages=sum(report["messages"] for report in reports.values()),
            indexed=counts["versions"],
            dead_letters=await dead_letters(opened, site),
            audit_records=audit_records,
            planted_texts=len(planted),
            planted_texts_found=await found(opened, site, planted),
            adapters={
                name: {count: report[count] for count in ADAPTER_COUNTS} for name, report in reports.items()
            },
            stories=stories,
        )
