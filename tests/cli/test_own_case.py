"""`verwijsindex lookup` says whether it is an own case: by the flag, and by the list of the staff over the flag."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.cli.output import Exit
from tests.cli.test_pseudonym import LOOKUP, run
from tests.support.partner_desk import BSN, PROFESSIONAL, AgentDesk
from verwijsindex.v1 import common_pb2

LIST = '[own_case]\nstaff = "staff.csv"'


@pytest.fixture
async def desk() -> AsyncIterator[AgentDesk]:
    with tempfile.TemporaryDirectory(prefix="vwi-") as folder:
        async with AgentDesk.open(Path(folder)) as opened:
            opened.write_settings()
            yield opened


def declare(desk: AgentDesk, *lines: str, mode: int = 0o600) -> None:
    """Give the partner a list of what its staff declared."""
    desk.write_settings(LIST)
    path = desk.folder / "staff.csv"
    path.write_text("\n".join(["medewerker;bsn", *lines, ""]), "utf-8")
    path.chmod(mode)


@pytest.mark.parametrize(
    ("options", "told"),
    [((), common_pb2.OWN_CASE_NO), (("--own-case",), common_pb2.OWN_CASE_YES)],
    ids=["not said", "said"],
)
async def test_without_a_list_the_flag_counts(
    desk: AgentDesk, options: tuple[str, ...], told: common_pb2.OwnCase
) -> None:
    await run(desk, *LOOKUP, *options)
    [asked] = desk.index.asked
    assert asked.own_case == told


async def test_a_case_on_the_list_is_an_own_case_without_the_flag(desk: AgentDesk) -> None:
    declare(desk, f"{PROFESSIONAL.id};{BSN}")
    await run(desk, *LOOKUP)
    await run(desk, *LOOKUP, "--professional", "medewerker-2")
    assert [asked.own_case for asked in desk.index.asked] == [
        common_pb2.OWN_CASE_YES,
        common_pb2.OWN_CASE_NO,
    ]


@pytest.mark.parametrize(
    ("lines", "mode", "said"),
    [((f"medewerker-2;{BSN}", "medewerker-1;1"), 0o600, "line 3"), ((), 0o644, "chmod 600")],
    ids=["faulty", "open to others"],
)
async def test_a_list_that_cannot_be_used_ends_the_command_before_anything_is_asked(
    desk: AgentDesk, lines: tuple[str, ...], mode: int, said: str
) -> None:
    declare(desk, *lines, mode=mode)
    done = await run(desk, *LOOKUP)
    assert (done.code, done.out) == (Exit.CONFIGURATION, "")
    assert said in done.err
    assert (desk.index.asked, desk.pseudonyms.service.calls) == ([], [])


async def test_a_declaration_is_named_in_the_question(desk: AgentDesk) -> None:
    await run(desk, *LOOKUP, "--declaration", "2" * 36)
    [asked] = desk.index.asked
    assert asked.declaration_id == "2" * 36
