"""`verwijsindex declare`, as a process, against an index that keeps what it was sent."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from gateway.cli.output import Exit
from gateway.domain import Bsn
from gateway.errors import NotPermitted
from tests.support.partner_desk import BSN, DECLARED, AgentDesk
from tests.support.scripted_pseudonyms import subject_of
from tests.support.trial import COMMAND, clean_environment
from verwijsindex.v1 import common_pb2

DECLARE = ("declare", "--purpose", "crisis", "--ground", "acute-danger")
SAID = "De buren horen hulpgeroep.\nDe deur is op slot."


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
async def desk() -> AsyncIterator[AgentDesk]:
    with tempfile.TemporaryDirectory(prefix="vwi-") as folder:
        async with AgentDesk.open(Path(folder)) as opened:
            opened.write_settings()
            yield opened


async def run(desk: AgentDesk, *options: str, stdin: str = f"{BSN}\n{SAID}\n") -> Done:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *DECLARE, *options, "--config", str(desk.folder),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=clean_environment(),
    )  # fmt: skip
    out, err = await process.communicate(stdin.encode())
    assert process.returncode is not None
    assert BSN not in (out + err).decode()
    assert "hulpgeroep" not in (out + err).decode()
    return Done(process.returncode, out.decode(), err.decode())


async def test_the_first_line_is_the_person_and_the_rest_is_the_explanation(desk: AgentDesk) -> None:
    desk.pseudonyms.pin(1, 2)
    done = await run(desk, "--json")
    [asked] = desk.break_glass.declared
    assert [(each.epoch, each.value) for each in asked.subject] == [
        (each.epoch, each.reveal()) for each in subject_of(Bsn(BSN), 1, 2).pseudonyms
    ]
    assert (asked.purpose, asked.ground, asked.explanation) == ("crisis", "acute-danger", SAID)
    assert (asked.professional.id, asked.professional.role) == ("medewerker-1", "behandelaar")
    assert asked.own_case == common_pb2.OWN_CASE_NO
    printed = orjson.loads(done.out)
    assert printed["declaration_id"] == DECLARED.declaration_id
    assert printed["receipt"]["record_id"] == DECLARED.receipt.record_id
    assert {"expires_at", "review_due"} <= printed.keys()


async def test_a_person_reads_the_id_to_ask_with(desk: AgentDesk) -> None:
    done = await run(desk)
    assert (done.code, done.err) == (Exit.OK, "")
    assert f"--declaration {DECLARED.declaration_id}" in done.out


async def test_who_declares_can_be_somebody_else_than_the_settings_say(desk: AgentDesk) -> None:
    await run(desk, "--professional", "arts-7", "--role", "regiebehandelaar", "--mandate", "casusregie")
    [asked] = desk.break_glass.declared
    who = asked.professional
    assert (who.id, who.role, who.mandate) == ("arts-7", "regiebehandelaar", "casusregie")


async def test_an_own_case_is_said(desk: AgentDesk) -> None:
    await run(desk, "--own-case")
    assert desk.break_glass.declared[0].own_case == common_pb2.OWN_CASE_YES


async def test_the_list_of_own_cases_says_it_where_the_professional_does_not(desk: AgentDesk) -> None:
    settings = desk.folder / "partner.toml"
    settings.write_text(settings.read_text("utf-8") + '\n[own_case]\nstaff = "staff.csv"\n', "utf-8")
    staff = desk.folder / "staff.csv"
    staff.touch(mode=0o600)
    staff.write_text(f"medewerker;bsn\nmedewerker-1;{BSN}\n", "utf-8")
    await run(desk)
    assert desk.break_glass.declared[0].own_case == common_pb2.OWN_CASE_YES


@pytest.mark.parametrize(("stdin", "missing"), [(f"{BSN}\n  \n", "explanation"), ("\n", "bsn")])
async def test_without_a_person_or_an_explanation_nothing_is_declared(
    desk: AgentDesk, stdin: str, missing: str
) -> None:
    done = await run(desk, stdin=stdin)
    assert (done.code, done.out) == (Exit.USAGE, "")
    assert missing in done.err
    assert desk.break_glass.declared == []


async def test_a_refusal_ends_with_its_reason_and_exit_code(desk: AgentDesk) -> None:
    desk.break_glass.troubles = [
        NotPermitted("BREAK_GLASS_NOT_ALLOWED", "the convenant does not let this kind")
    ]
    done = await run(desk)
    assert (done.code, done.out, done.err.count("\n")) == (Exit.REFUSED, "", 1)
    assert "BREAK_GLASS_NOT_ALLOWED" in done.err
