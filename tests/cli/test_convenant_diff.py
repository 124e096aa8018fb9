"""`convenant diff --against`: everything is gone through once, counted by kinds, and nobody is named."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from uuid_utils.compat import uuid7

from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
from gateway.cli import convenant_again
from gateway.cli.convenant import app
from gateway.cli.convenant_again import MONTH, count_involvements, count_lookups
from gateway.cli.convenant_diff_text import as_json
from gateway.clock import day_of, now
from gateway.convenant.cells import Pair
from gateway.convenant.differing import differences
from gateway.convenant.recounting import InvolvementsAgain, LookupsAgain, Shift
from gateway.domain import Oin, PartnerKind, Professional, Reference, SecrecyClass
from gateway.errors import ConfigurationError, InvalidInput
from gateway.index.sql.store import open_store
from tests.lookup.support import NOW, request, service, store_with
from tests.support.convenants import GGZ, POLITIE, PURPOSES, TODAY, VEILIG_THUIS, convenant, rule
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT, household, involvement, message, person
from tests.support.trial import Trial

RECORD = str(uuid7())
BY = ("--reviewer", "fg-1")
NOTHING, EVERYTHING = convenant(), convenant(rule())


class Told:
    """Remembers how far it was told to be."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.steps.append((done, total))


async def lookups(store: FakeIndexStore, old: Any = NOTHING, new: Any = EVERYTHING) -> LookupsAgain:
    again = LookupsAgain(old, new, on=TODAY)
    await count_lookups(store, again, on=TODAY, until=NOW + timedelta(hours=1), tell=Told())
    return again


async def asking(store: FakeIndexStore, *callers: Oin) -> None:
    room = service(store)
    for caller in callers:
        await room.ask(request(caller))


async def test_every_answered_question_is_asked_again_under_both() -> None:
    store = await store_with(*(involvement(oin, "anna") for oin in (OIN_VT, OIN_GGZ)))
    await asking(store, OIN_VT, OIN_VT, OIN_POLITIE)
    again = await lookups(store)
    assert (again.counts.questions, again.counts.different) == (3, 2)
    assert again.counts.by_pair == {(GGZ, VEILIG_THUIS): Shift(more=2)}
    assert again.counts.by_asking[POLITIE].different == 0


async def test_the_facts_of_now_count_and_not_those_of_then() -> None:
    store = await store_with(involvement(OIN_VT, "anna"))
    await asking(store, OIN_VT)
    async with store.transaction() as tx:
        await tx.facts.save(message(involvement(OIN_GGZ, "anna")))
    assert (await lookups(store)).counts.different == 1


async def test_questions_of_before_the_month_and_refusals_are_left_alone() -> None:
    store = await store_with(involvement(OIN_VT, "anna"), involvement(OIN_GGZ, "anna"))
    room = service(store)
    await room.ask(request())
    [old] = store.state.audit
    refusal = replace(old, record_id="refused", outcome=type(old.outcome).REFUSED)
    store.state.audit = (replace(old, record_id="old", at=NOW - MONTH), old, refusal)
    assert (await lookups(store)).counts.questions == 1


async def test_a_question_of_an_organisation_that_is_no_partner_now_is_left_out_and_counted() -> None:
    store = await store_with(involvement(OIN_VT, "anna"), involvement(OIN_GGZ, "anna"))
    await asking(store, OIN_VT)
    store.state.partners[OIN_VT] = replace(store.state.partners[OIN_VT], active=False)
    counts = (await lookups(store)).counts
    assert (counts.questions, counts.not_asked) == (0, 1)


async def test_reading_the_log_for_it_is_on_record_once() -> None:
    store = await store_with(involvement(OIN_VT, "anna"))
    await asking(store, OIN_VT)
    await lookups(store)
    [_, access] = store.state.audit
    assert (access.event, access.reason, access.professional) == (AuditEvent.LOG_ACCESS, "compared", None)


@pytest.mark.parametrize("size", [1, 2, 200])
async def test_pages_of_any_size_count_the_same(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convenant_again, "PAGE", size)
    known = [
        involvement(oin, name, reference=Reference(f"{oin[-4:]}-{name}-{number}"))
        for oin in (OIN_VT, OIN_GGZ)
        for name in ("anna", "bas")
        for number in range(3)
    ]
    store = await store_with(*known, household(OIN_VT, "anna", "bas"))
    await asking(store, OIN_VT, OIN_GGZ, OIN_VT)
    again, told = LookupsAgain(NOTHING, EVERYTHING, on=TODAY), Told()
    await count_lookups(store, again, on=TODAY, until=NOW + timedelta(hours=1), tell=told)
    assert again.counts.by_pair == {(GGZ, VEILIG_THUIS): Shift(more=12), (VEILIG_THUIS, GGZ): Shift(more=6)}
    assert told.steps[-1] == (3, 3)
    over_all, told = InvolvementsAgain(NOTHING, EVERYTHING, on=TODAY), Told()
    await count_involvements(store, over_all, on=TODAY, tell=told)
    assert told.steps[-1] == (12, 12)
    assert over_all.counts.involvements == 12
    assert over_all.counts.by_pair[Pair(source=GGZ, asking=POLITIE, purpose=PURPOSES[0])] == Shift(more=6)
    assert len(over_all.counts.by_pair) == 2 * 4 * len(PURPOSES)


async def test_what_is_printed_names_kinds_and_nobody() -> None:
    store = await store_with(*(involvement(oin, "anna") for oin in (OIN_VT, OIN_GGZ)))
    await service(store).ask(
        request(professional=Professional(id="PLANTED", role="behandelaar", mandate="eigen-taak"))
    )
    again = await lookups(store)
    over_all = InvolvementsAgain(NOTHING, EVERYTHING, on=TODAY)
    await count_involvements(store, over_all, on=TODAY, tell=Told())
    found = differences(NOTHING, EVERYTHING, on=TODAY)
    printed = json.dumps(
        [as_json(NOTHING, EVERYTHING, found, counts, on=TODAY) for counts in (again.counts, over_all.counts)]
    )
    assert '"more": 1' in printed
    secrets = ["PLANTED", "ref-", OIN_VT, OIN_GGZ, "synthetic)"]
    secrets += [each.reveal().hex() for each in person("anna").pseudonyms]
    assert [secret for secret in secrets if secret in printed] == []


def question_on_record(made: Trial, convenant: str) -> AuditRecord:
    """Return a question of the police that was answered when the index did not know anything yet."""
    return AuditRecord(
        record_id=RECORD,
        at=now(),
        event=AuditEvent.LOOKUP,
        outcome=AuditOutcome.EMPTY,
        organisation=made.oin("politie"),
        kind=PartnerKind("politie"),
        professional=Professional(id="PLANTED", role="wijkagent", mandate="eigen-taak"),
        subject=person("anna"),
        purpose="crisis",
        convenant=convenant,
    )


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """A site with an example convenant in force, and two partners involved with one person since today."""
    made = Trial.make(tmp_path_factory.mktemp("site") / "site")
    facts = [
        involvement(made.oin(kind), "anna", since=day_of(now()), secrecy=SecrecyClass.NORMAL)
        for kind in ("veilig_thuis", "ggz", "politie")
    ]

    async def fill() -> None:
        store = open_store(made.settings.store)
        async with store.transaction() as tx:
            await tx.facts.save_all([message(fact) for fact in facts])
            [version] = await tx.agreements.versions()
            await tx.audit.append([question_on_record(made, version.convenant.identity)])
        await store.close()

    asyncio.run(fill())
    return made


def run(trial: Trial, *arguments: str) -> Any:
    done = CliRunner().invoke(app, [*arguments, "--config", trial.made["index_config"], "--json"])
    if done.exception is not None:
        raise done.exception
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def without_consent(trial: Trial, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site's convenant without the rule that lets the police see Veilig Thuis."""
    text = Path(trial.made["convenant"]).read_text("utf-8")
    start = text.index("  - id: VT-1")
    file = tmp_path_factory.mktemp("files") / "new.yaml"
    file.write_text(text[:start] + text[text.index("  - id: VT-2") :], "utf-8")
    return file


def test_a_version_that_was_laid_down_goes_by_its_number(trial: Trial, without_consent: Path) -> None:
    printed = run(trial, "diff", "1.0", str(without_consent))
    assert printed["old"].startswith("Voorbeeldregio 1.0 sha256:")
    assert {(each["rule"], each["change"]) for each in printed["rules"]} == {("VT-1", "removed")}
    with pytest.raises(ConfigurationError, match="no version with that number"):
        run(trial, "diff", "7.0", str(without_consent))


def test_the_store_is_counted_over_both_ways(trial: Trial, without_consent: Path) -> None:
    printed = run(trial, "diff", "1.0", str(without_consent), "--against", "db")["counts"]
    assert (printed["against"], printed["involvements"], printed["left_out"]) == ("db", 3, 0)
    lost = [
        each for each in printed["by_pair"] if (each["source"], each["asking"]) == ("veilig_thuis", "politie")
    ]
    assert {(each["purpose"], each["more"], each["less"]) for each in lost} >= {("crisis", 0, 1)}
    against = ("--against", "audit", "--reviewer", "fg-7")
    printed = run(trial, "diff", "1.0", str(without_consent), *against)["counts"]
    read = trial.json("audit", "list", "--config", trial.made["index_config"], "--event", "log-access")[
        "records"
    ][-1]
    assert (read["reason"], read["professional"]["id"]) == ("compared", "fg-7")
    assert (printed["against"], printed["questions"], printed["different"]) == ("audit", 1, 1)
    assert printed["by_pair"] == [{"source": "veilig_thuis", "asking": "politie", "more": 0, "less": 1}]


def test_the_text_of_the_counts_is_for_people(trial: Trial, without_consent: Path) -> None:
    for against, expected in (
        ("db", "Betrokkenheden die nu lopen: 3"),
        ("audit", "Vragen van de laatste 30 dagen"),
    ):
        done = CliRunner().invoke(
            app,
            [
                "diff",
                "1.0",
                str(without_consent),
                "--against",
                against,
                "--config",
                trial.made["index_config"],
            ],
        )
        assert done.exit_code == 0, done.exception
        assert expected in done.stdout


def test_a_question_on_record_is_explained_from_the_store(trial: Trial) -> None:
    printed = run(trial, "explain", "--record", RECORD, *BY)
    found = {each["kind"]: each for each in printed["explanation"]["involvements"]}
    assert (found["veilig_thuis"]["shown"], found["veilig_thuis"]["rule"]) == (True, "VT-1")
    assert (found["ggz"]["shown"], found["ggz"]["rule"]) == (False, "no-consent")
    assert len(printed["differences"]) == 3
    done = CliRunner().invoke(
        app, ["explain", "--record", RECORD, *BY, "--config", trial.made["index_config"]]
    )
    assert done.exit_code == 0
    assert "toen niet bekend; nu getoond (VT-1)." in done.stdout
    assert "PLANTED" not in done.stdout


def test_a_record_that_is_not_there_is_said_to_be(trial: Trial) -> None:
    with pytest.raises(InvalidInput, match="no record with this id"):
        run(trial, "explain", "--record", "0199-none", *BY)
