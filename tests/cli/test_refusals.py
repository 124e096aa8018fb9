"""`verwijsindex refusal` for partners and `refusals` for officers, as processes against a served site."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from gateway.cli.output import Exit
from gateway.clock import day_of
from gateway.domain import RecordedRefusal, Reference
from gateway.index.sql.store import open_store
from tests.support.sealed import person
from tests.support.trial import Trial

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("refusals")]

BSN = "999993653"
TODAY = day_of(datetime.now(UTC))
BY = ("--reviewer", "fg-1")
NEXT_YEAR = (TODAY + timedelta(days=365)).isoformat()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    trial = Trial.make(tmp_path_factory.mktemp("site") / "site")
    with trial.serving():
        yield trial


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """A site of which nothing runs."""
    return Trial.make(tmp_path_factory.mktemp("site") / "site")


def config_of(trial: Trial, kind: str = "ggz") -> tuple[str, str]:
    return ("--config", str(trial.config(kind)))


def test_a_partner_records_lists_and_closes_and_officers_see_what_stands(served: Trial) -> None:
    recording = (
        *("refusal", "record", "BESLUIT-1", "--ground", "safety", "--review-on", NEXT_YEAR),
        *config_of(served),
    )
    recorded = served.json(*recording, stdin=f"{BSN}\n")
    assert len(recorded["receipt"]["record_id"]) == 36
    assert "BESLUIT-1" in served.run(*recording, stdin=f"{BSN}\n").stdout
    assert served.json("refusal", "list", *config_of(served))["refusals"] == [
        {"reference": "BESLUIT-1", "ground": "safety", "review_on": NEXT_YEAR}
    ]
    assert served.json("refusal", "list", *config_of(served, "politie"))["refusals"] == []
    index = ("--config", served.made["index_config"])
    officers = (*index, *BY)
    [seen] = served.json("refusals", "list", *officers)["refusals"]
    assert (seen["partner"], seen["reference"], seen["overdue"]) == (served.oin("ggz"), "BESLUIT-1", False)
    assert served.json("refusals", "list", "--due", *officers)["refusals"] == []
    served.run("refusal", "close", "BESLUIT-1", *config_of(served))
    assert "geen" in served.run("refusal", "list", *config_of(served)).stdout
    assert served.json("refusals", "list", *officers)["refusals"] == []
    log = served.json("audit", "list", *index)["records"]
    reasons = [each["reason"] for each in log if each["event"] == "refusal"]
    assert reasons == ["safety", "safety", "listed", "listed", "closed", "listed"]
    read = [each["professional"]["id"] for each in log if each["reason"] == "refusals-listed"]
    assert read == ["fg-1"] * 3


def test_officers_are_named_or_see_nothing(quiet: Trial) -> None:
    index = ("--config", quiet.made["index_config"])
    for nameless in ((), ("--reviewer", "Een Naam")):
        done = quiet.run("refusals", "list", *nameless, *index, check=False)
        assert (done.returncode, done.stdout) == (Exit.USAGE, "")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("record", "B-1", "--ground", "because", "--review-on", NEXT_YEAR), Exit.REFUSED, "UNKNOWN_GROUND"),
        (("record", "1", "--ground", "safety", "--review-on", NEXT_YEAR), Exit.REFUSED, "INVALID_INPUT"),
        (("record", "B-1", "--ground", "safety", "--review-on", "soon"), Exit.USAGE, "--review-on"),
        (("close", "B-9"), Exit.REFUSED, "UNKNOWN_REFERENCE"),
        (("list", "--role", "buurman"), Exit.REFUSED, "UNKNOWN_ROLE"),
    ],
    ids=["ground", "reference", "day", "unknown", "role"],
)
def test_what_is_refused_ends_with_one_line_and_a_code(
    served: Trial, arguments: tuple[str, ...], code: Exit, said: str
) -> None:
    done = served.run("refusal", *arguments, *config_of(served), stdin=f"{BSN}\n", check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert BSN not in done.stderr


def test_without_an_index_the_command_says_so(quiet: Trial) -> None:
    done = quiet.run("refusal", "list", *config_of(quiet), check=False)
    assert (done.returncode, done.stdout) == (Exit.UNAVAILABLE, "")


async def test_officers_are_told_with_an_exit_code_what_is_over_time(quiet: Trial) -> None:
    store = open_store(quiet.settings.store)
    async with store.transaction() as tx:
        for name, days in (("B-1", -1), ("B-2", 0), ("B-3", 30)):
            await tx.refusals.record(
                RecordedRefusal(
                    partner=quiet.oin("ggz"),
                    reference=Reference(name),
                    subject=person("anna"),
                    ground="safety",
                    review_on=TODAY + timedelta(days=days),
                    recorded_at=datetime.now(UTC) - timedelta(days=40),
                )
            )
    await store.close()
    index = ("--config", quiet.made["index_config"], *BY)
    for options, shown in (((), ["B-1", "B-2", "B-3"]), (("--due",), ["B-1", "B-2"])):
        found = await asyncio.to_thread(quiet.json, "refusals", "list", *options, *index, check=False)
        assert [each["reference"] for each in found["refusals"]] == shown
    done = await asyncio.to_thread(quiet.run, "refusals", "list", *index, check=False)
    assert done.returncode == Exit.FINDINGS
    assert done.stdout.count("over tijd") == 2
    assert done.stdout.count("Veiligheid") == 3
