"""A professional does not ask about a case of its own: what the staff declared counts, whatever a question says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.agent.staff import StaffList, read_staff
from gateway.domain import Bsn
from gateway.errors import ConfigurationError, UnsafeConfigurationError
from tests.support.partner_desk import BSN, PROFESSIONAL, AgentDesk, agent
from verwijsindex.v1 import common_pb2

OTHER = "999911120"
NO, YES, UNSAID = common_pb2.OWN_CASE_NO, common_pb2.OWN_CASE_YES, common_pb2.OWN_CASE_UNSPECIFIED
SETTINGS = '[own_case]\nstaff = "staff.csv"'


def write(folder: Path, *lines: str, heading: str = "medewerker;bsn", mode: int = 0o600) -> Path:
    """Put another file in the place of the list, as one does that must never be half there."""
    new = folder / "staff.new"
    new.write_text("\n".join([heading, *lines, ""]), "utf-8")
    new.chmod(mode)
    return new.rename(folder / "staff.csv")


async def asked(desk: AgentDesk, said: common_pb2.OwnCase, **question: Any) -> common_pb2.OwnCase:
    """Return what the index was told when a caller said this."""
    async with agent(desk.settings(SETTINGS)) as running:
        await running.ask(own_case=said, **question)
    return desk.index.asked[-1].own_case


@pytest.mark.parametrize("said", [NO, YES, UNSAID])
async def test_without_a_list_the_index_is_told_what_the_professional_said(
    desk: AgentDesk, said: common_pb2.OwnCase
) -> None:
    async with agent(desk.settings()) as running:
        await running.ask(own_case=said)
    assert desk.index.asked[-1].own_case == said


@pytest.mark.parametrize("said", [NO, YES, UNSAID])
async def test_a_case_on_the_list_is_an_own_case_whatever_is_said(
    desk: AgentDesk, said: common_pb2.OwnCase
) -> None:
    write(desk.folder, f"{PROFESSIONAL.id};{OTHER}", f"{PROFESSIONAL.id};{BSN}")
    assert await asked(desk, said) == YES


@pytest.mark.parametrize("said", [NO, YES, UNSAID])
async def test_a_case_of_somebody_else_is_what_is_said(desk: AgentDesk, said: common_pb2.OwnCase) -> None:
    write(desk.folder, f"{PROFESSIONAL.id};{OTHER}", f"medewerker-2;{BSN}")
    assert await asked(desk, said) == said


async def test_another_spelling_of_the_professional_does_not_pass_the_list(desk: AgentDesk) -> None:
    write(desk.folder, f" MEDEWERKER-1 ; {BSN} ")
    asker = common_pb2.Professional(id="Medewerker-1", role="behandelaar", mandate="eigen-taak")
    assert await asked(desk, NO, professional=asker) == YES


async def test_a_list_that_changes_counts_for_the_next_question(desk: AgentDesk) -> None:
    write(desk.folder)
    async with agent(desk.settings(SETTINGS)) as running:
        await running.ask()
        write(desk.folder, f"{PROFESSIONAL.id};{BSN}")
        await running.ask()
        write(desk.folder, f"{PROFESSIONAL.id};{OTHER}")
        await running.ask()
    assert [question.own_case for question in desk.index.asked] == [NO, YES, NO]


@contextmanager
def broken(path: Path, how: str) -> Iterator[None]:
    match how:
        case "gone":
            path.unlink()
        case "open to others":
            path.chmod(0o644)
        case "faulty":
            write(path.parent, f"{PROFESSIONAL.id};{BSN}", f"{PROFESSIONAL.id};999993654")
    yield


@pytest.mark.parametrize("how", ["gone", "open to others", "faulty"])
async def test_while_the_list_cannot_be_used_nothing_is_asked_and_the_operator_is_told_why(
    desk: AgentDesk, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(desk.folder, f"medewerker-2;{BSN}")
    async with agent(desk.settings(SETTINGS)) as running:
        with broken(path, how), pytest.raises(grpc.aio.AioRpcError) as caught:
            await running.ask()
        assert caught.value.code() is grpc.StatusCode.INTERNAL
        assert (desk.index.asked, desk.pseudonyms.service.calls) == ([], [])
        write(desk.folder, f"medewerker-2;{BSN}")
        await running.ask()
    logged = capsys.readouterr().err
    assert '"event": "agent.cannot-ask"' in logged
    assert "staff.csv" in logged
    assert BSN not in logged + str(caught.value)
    assert PROFESSIONAL.id not in logged


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
async def test_an_agent_does_not_start_with_a_list_that_others_can_read(desk: AgentDesk, mode: int) -> None:
    write(desk.folder, mode=mode)
    with pytest.raises(UnsafeConfigurationError, match=r"staff\.csv has mode"):
        async with agent(desk.settings(SETTINGS)):
            pass


async def test_an_agent_does_not_start_without_its_list(desk: AgentDesk) -> None:
    with pytest.raises(ConfigurationError, match=r"own_case\.staff"):
        async with agent(desk.settings(SETTINGS)):
            pass


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("m-1;999993654", "11-test"),
        ("m-1;99999365", "exactly nine digits"),
        ("m-1", "must have 2 columns"),
        ("m-1;999993653;Anna", "must have 2 columns"),
        (";999993653", "must be 1 to 64"),
        ("Anna Jansen;999993653", "must be 1 to 64"),
        (f"{65 * 'm'};999993653", "must be 1 to 64"),
        ('m-1;"999993653', "not CSV"),
    ],
)
def test_a_faulty_line_is_named_by_its_number_and_its_rule_alone(
    tmp_path: Path, line: str, rule: str
) -> None:
    path = write(tmp_path, f"medewerker-7;{BSN}", line)
    with pytest.raises(ConfigurationError, match=f"staff.csv line 3: .*{rule}") as caught:
        read_staff(path)
    assert not [value for value in line.split(";") if value and value in str(caught.value)]
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("heading", ["", "bsn;medewerker", f"m-1;{BSN}", "medewerker,bsn"])
def test_a_file_without_the_heading_is_refused_and_its_first_line_not_repeated(
    tmp_path: Path, heading: str
) -> None:
    with pytest.raises(ConfigurationError, match="line 1: must be the heading medewerker;bsn") as caught:
        read_staff(write(tmp_path, heading=heading))
    assert BSN not in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(b"medewerker;bsn\n\xff;1\n")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        read_staff(path)


def test_a_file_as_a_spreadsheet_writes_it_is_read(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(f"\ufeffmedewerker;bsn\r\n\r\nm-1;{BSN}\r\nm-1;{OTHER}\r\n".encode())
    assert StaffList(path).names("m-1", Bsn(BSN))


_PERSONS = st.sampled_from([Bsn(text) for text in (BSN, OTHER, "999990019", "111222333")])
_STAFF = st.sampled_from(["m-1", "m-2", "uzi:900012345"])


@given(cases=st.lists(st.tuples(_STAFF, _PERSONS), max_size=8), who=_STAFF, person=_PERSONS)
def test_the_list_names_exactly_the_pairs_in_it(
    tmp_path_factory: pytest.TempPathFactory, cases: list[tuple[str, Bsn]], who: str, person: Bsn
) -> None:
    folder = tmp_path_factory.mktemp("staff")
    staff = StaffList(write(folder, *(f"{name};{bsn.reveal()}" for name, bsn in cases)))
    assert staff.names(who, person) is ((who, person) in cases)
