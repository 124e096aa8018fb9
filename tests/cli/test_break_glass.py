"""`verwijsindex break-glass` as the officers run it: what it prints, what it leaves on record, and how it ends."""

from __future__ import annotations

import asyncio
import re
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap.break_glass import text_sealer
from gateway.breakglass.using import use_of
from gateway.cli.output import Exit
from gateway.clock import dutch_time, now
from gateway.convenant.reading import read_convenant
from gateway.domain import Declaration
from gateway.index.sql.store import open_store
from tests.breakglass.support import declaration, lookup_record, verdict
from tests.support.trial import Trial

TEXT = "PLANTED [bold]tekst[/bold] :warning: tweede\nregel"
WAITS, LATE, LOST = (f"019a0000-0000-7000-8000-00000000000{number}" for number in (1, 2, 3))


@pytest.fixture
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """A site with two declarations by the police: one that waits for its review, and one that is overdue."""
    made = Trial.make(tmp_path_factory.mktemp("officers") / "site")
    asyncio.run(declare(made, WAITS, days_ago=1))
    asyncio.run(declare(made, LATE, days_ago=9))
    return made


def declared(trial: Trial, identity: str, *, days_ago: int, **changes: Any) -> Declaration:
    at = now() - timedelta(days=days_ago)
    agreed = read_convenant(Path(trial.made["convenant"]).read_bytes())
    values: dict[str, Any] = {"purpose": "crisis", "convenant": agreed.identity} | changes
    return declaration(
        id=identity,
        partner=trial.oin("politie"),
        explanation=text_sealer(trial.settings).seal(TEXT, declaration=identity),
        declared_at=at,
        expires_at=at + timedelta(hours=4),
        review_due=at + timedelta(days=5),
        **values,
    )


async def declare(trial: Trial, identity: str, *, days_ago: int, **changes: Any) -> None:
    made = declared(trial, identity, days_ago=days_ago, **changes)
    record = lookup_record(made.declared_at, organisation=made.partner, emergency=identity)
    used = use_of(made, [verdict(trial.oin("ggz"))], record)
    store = open_store(trial.settings.store)
    async with store.transaction() as tx:
        await tx.declarations.add(made)
        await tx.declarations.used([used.use])
        await tx.audit.append([record])
    await store.close()


def run(trial: Trial, *arguments: str) -> subprocess.CompletedProcess[str]:
    config = trial.made["index_config"]
    return trial.run("break-glass", *arguments, "--config", config, check=False)


def test_the_list_ends_with_1_until_nothing_is_overdue_any_more(trial: Trial) -> None:
    listed = run(trial, "list")
    assert listed.returncode == Exit.FINDINGS
    assert listed.stdout.index(LATE) < listed.stdout.index(WAITS)
    assert "TE LAAT" in listed.stdout
    assert max(map(len, listed.stdout.splitlines())) <= 80
    reviewed = run(trial, "review", LATE, "--outcome", "justified", "--reviewer", "fg-1")
    assert reviewed.returncode == Exit.OK, reviewed.stderr
    assert "Politie Voorbeeldregio; GGZ Voorbeeldregio" in " ".join(reviewed.stdout.split())
    quiet = run(trial, "list")
    assert quiet.returncode == Exit.OK
    assert (LATE in quiet.stdout, WAITS in quiet.stdout) == (False, True)
    everything = run(trial, "list", "--days", "30")
    assert "terecht" in everything.stdout
    assert "medewerker-1" not in listed.stdout + everything.stdout


def test_what_was_stated_is_shown_as_it_is_to_a_named_officer_and_that_is_on_record(trial: Trial) -> None:
    shown = run(trial, "show", WAITS, "--reviewer", "fg-1")
    assert shown.returncode == Exit.OK, shown.stderr
    assert TEXT in shown.stdout
    assert "medewerker-1" in shown.stdout
    assert "GGZ Voorbeeldregio" in shown.stdout
    listed = trial.json("audit", "list", "--config", trial.made["index_config"], "--event", "log-access")
    assert [(each["reason"], each["professional"]["id"]) for each in listed["records"]] == [
        ("break-glass-read", "fg-1")
    ]


def test_officers_read_the_words_of_the_convenant_and_dutch_time(trial: Trial) -> None:
    made = declared(trial, WAITS, days_ago=1)
    for shown in (run(trial, "list").stdout, run(trial, "show", WAITS, "--reviewer", "fg-1").stdout):
        said = " ".join(shown.split())
        assert "grond Acuut gevaar voor een persoon" in said
        assert "doel Crisis" in said
        assert "acute-danger" not in said
        # Made a moment ago: the minute may have turned meanwhile, the day and the hour not by more than one.
        assert re.search(r"verklaard \d\d-\d\d-\d{4} \d\d:\d\d", said)
    assert dutch_time(made.review_due)[:10] in " ".join(run(trial, "list").stdout.split())


def test_of_a_convenant_that_is_not_there_officers_read_the_codes(trial: Trial) -> None:
    asyncio.run(declare(trial, LOST, days_ago=2, convenant="Elders 1 sha256:0"))
    said = " ".join(run(trial, "show", LOST, "--reviewer", "fg-1").stdout.split())
    assert "grond acute-danger" in said
    assert "doel crisis" in said


def test_without_an_officer_nothing_is_shown(trial: Trial) -> None:
    nameless = run(trial, "show", WAITS)
    named = run(trial, "show", WAITS, "--reviewer", "Een Naam")
    assert (nameless.returncode, named.returncode) == (Exit.USAGE, Exit.USAGE)
    assert "PLANTED" not in nameless.stdout + named.stdout


def test_a_declaration_that_is_not_there_ends_with_one_clear_line(trial: Trial) -> None:
    absent = run(trial, "show", "019a0000-0000-7000-8000-00000000ffff", "--reviewer", "fg-1")
    assert absent.returncode == Exit.USAGE
    assert absent.stderr.strip() == "verwijsindex: id: there is no declaration with this id"


def test_usage_counts_and_draws_the_months(trial: Trial) -> None:
    table = run(trial, "usage", "--months", "2")
    assert table.returncode == Exit.OK
    assert "Politie Voorbeeldregio" in " ".join(table.stdout.split())
    assert "█" in table.stdout
    assert "1000,0" in table.stdout
    assert run(trial, "usage", "--months", "0").returncode == Exit.USAGE
