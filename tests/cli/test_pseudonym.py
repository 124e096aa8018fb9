"""`verwijsindex pseudonym` and `lookup`, as processes, against a pseudonym service that proves what it answers."""

from __future__ import annotations

import asyncio
import base64
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from gateway.cli.output import Exit
from gateway.cli.pseudonym import WARNING
from gateway.domain import Bsn
from gateway.errors import NotPermitted, QuotaExceeded, StoreUnavailable
from tests.support.partner_desk import ANSWER, BSN, AgentDesk
from tests.support.scripted_pseudonyms import subject_of
from tests.support.trial import COMMAND, clean_environment
from verwijsindex.v1 import pseudonym_pb2

LOOKUP = ("lookup", "--purpose", "coordination-of-care")


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


async def run(desk: AgentDesk, *arguments: str, stdin: str = f"{BSN}\n") -> Done:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, "--config", str(desk.folder),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=clean_environment(),
    )  # fmt: skip
    out, err = await process.communicate(stdin.encode())
    assert process.returncode is not None
    assert BSN not in (out + err).decode()
    return Done(process.returncode, out.decode(), err.decode())


def field_of(*epochs: int) -> list[dict[str, object]]:
    subject = subject_of(Bsn(BSN), *epochs)
    return [
        {"value": base64.b64encode(each.reveal()).decode(), "epoch": each.epoch}
        for each in subject.pseudonyms
    ]


async def test_the_pseudonyms_are_printed_as_the_field_of_a_call_and_the_warning_beside_it(
    desk: AgentDesk,
) -> None:
    desk.pseudonyms.pin(1, 2)
    done = await run(desk, "pseudonym")
    assert (done.code, done.out.count("\n")) == (0, 1)
    assert orjson.loads(done.out) == field_of(1, 2)
    assert WARNING in done.err


async def test_as_json_the_field_has_its_name(desk: AgentDesk) -> None:
    assert orjson.loads((await run(desk, "pseudonym", "--json")).out) == {"subject": field_of(1)}


@pytest.mark.parametrize("text", ["", "\n", "123456789\n", "99999365\n", "999993654 999911120\n"])
async def test_what_is_no_bsn_is_refused_without_repeating_it(desk: AgentDesk, text: str) -> None:
    done = await run(desk, "pseudonym", stdin=text)
    assert (done.code, done.out) == (Exit.USAGE, "")
    assert not text.strip() or text.strip() not in done.err
    assert desk.pseudonyms.service.calls == []


async def test_a_lookup_asks_with_the_pseudonyms_and_for_the_purpose_of_a_lookup(desk: AgentDesk) -> None:
    desk.pseudonyms.pin(1, 2)
    done = await run(desk, *LOOKUP, "--json")
    [asked] = desk.index.asked
    assert [(each.epoch, each.value) for each in asked.subject] == [
        (each.epoch, each.reveal()) for each in subject_of(Bsn(BSN), 1, 2).pseudonyms
    ]
    assert {call.purpose for call in desk.pseudonyms.service.calls} == {
        pseudonym_pb2.EVALUATION_PURPOSE_LOOKUP
    }
    assert orjson.loads(done.out)["involvements"][0]["name"] == ANSWER.involvements[0].partner_name


@pytest.mark.parametrize("command", [("pseudonym",), LOOKUP])
@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (StoreUnavailable("away"), Exit.UNAVAILABLE),
        (QuotaExceeded("full", retry_after_seconds=60), Exit.REFUSED),
        (NotPermitted("NOT_LISTED", "no"), Exit.REFUSED),
    ],
)
async def test_without_pseudonyms_the_index_is_not_asked_and_one_line_says_why(
    desk: AgentDesk,
    command: tuple[str, ...],
    trouble: StoreUnavailable | QuotaExceeded | NotPermitted,
    code: Exit,
) -> None:
    desk.pseudonyms.service.troubles = [trouble]
    done = await run(desk, *command)
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1)
    assert "pseudonym service" in done.err
    assert desk.index.asked == []


async def test_an_unproved_answer_ends_the_command_and_prints_no_pseudonym(desk: AgentDesk) -> None:
    def forge(_: object, answer: pseudonym_pb2.EvaluateResponse) -> None:
        answer.proof = bytes(64)

    desk.pseudonyms.service.tamper = forge
    done = await run(desk, "pseudonym")
    assert (done.code, done.out) == (Exit.CONFIGURATION, "")
    assert done.err.startswith("verwijsindex: proof: ")


async def test_pinned_keys_that_are_not_there_end_the_command_with_the_code_of_a_wrong_setting(
    desk: AgentDesk,
) -> None:
    desk.pseudonyms.pinned_file.unlink()
    done = await run(desk, "pseudonym")
    assert (done.code, done.out) == (Exit.CONFIGURATION, "")
    assert "pseudonym-keys.json" in done.err
