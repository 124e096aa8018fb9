"""No number and no blinded element is in a log, an audit record, an error or a file, however the call ends."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import grpc
import pytest

from gateway.domain import Bsn, Oin
from gateway.pseudonyms.private_input import private_input
from gateway.pseudonyms.voprf import blind
from tests.support.bsns import consecutive_bsns
from tests.support.trial import Trial
from verwijsindex.v1 import pseudonym_pb2, pseudonym_pb2_grpc

PERSONS = consecutive_bsns(40, start=999_700_000)
LOOKUP = pseudonym_pb2.EVALUATION_PURPOSE_LOOKUP
IDENTITY = bytes(32)
NO_ELEMENT = b"\x01" + bytes(30) + b"\x80"
TOO_SHORT = bytes(range(1, 31))


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial.make(tmp_path / "site")


class Calls:
    """What was sent to the pseudonym service, and every error that came back."""

    def __init__(self, trial: Trial) -> None:
        self.index = Oin(trial.settings.oin)
        self.sent: list[bytes] = []
        self.answered: list[bytes] = []
        self.errors: list[bytes] = []
        tls = trial.partner("politie").tls
        self._credentials = grpc.ssl_channel_credentials(
            tls.trusted_ca.read_bytes(), tls.key.read_bytes(), tls.certificate.read_bytes()
        )
        self._address = trial.made["pseudonym_service"]["address"]

    def blinded(self, person: Bsn) -> bytes:
        return blind(private_input(person, index=self.index, epoch=1)).element

    async def evaluate(self, elements: list[bytes], *, epoch: int = 1, purpose: int = LOOKUP) -> None:
        self.sent += elements
        request = pseudonym_pb2.EvaluateRequest(
            epoch=epoch,
            blinded_elements=elements,
            purpose=pseudonym_pb2.EvaluationPurpose.Name(purpose),
        )
        async with grpc.aio.secure_channel(self._address, self._credentials) as channel:
            try:
                answer = await pseudonym_pb2_grpc.PseudonymServiceStub(channel).Evaluate(request, timeout=30)
            except grpc.aio.AioRpcError as error:
                trailing = b"".join(
                    value if isinstance(value, bytes) else value.encode()
                    for _, value in error.trailing_metadata()
                )
                self.errors.append(f"{error.code()} {error.details()} {error!r}".encode() + trailing)
            else:
                self.answered += [*answer.evaluated_elements, answer.proof]


def kept_by(trial: Trial) -> Iterator[tuple[str, bytes]]:
    """Yield every file below the site, and every value of its databases."""
    for path in sorted(trial.folder.rglob("*")):
        if path.is_file():
            yield str(path), path.read_bytes()
            if path.suffix == ".sqlite3":
                yield from ((str(path), value) for value in _values(path))


def _values(path: Path) -> Iterator[bytes]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for found in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - the schema's own name
                yield from (value if isinstance(value, bytes) else str(value).encode() for value in found)


def forms_of(element: bytes) -> Iterator[bytes]:
    """Yield how bytes could stand in a text or a file."""
    yield element
    yield element.hex().encode()
    yield element.hex().upper().encode()
    yield base64.b64encode(element).rstrip(b"=")
    yield repr(element)[2:-1].encode()


def places_of(needles: list[bytes], trial: Trial, errors: list[bytes]) -> set[str]:
    haystack = [*kept_by(trial), *(("an error", error) for error in errors)]
    return {place for place, content in haystack for needle in needles if needle in content}


async def test_no_blinded_element_stays_anywhere_however_its_call_ended(trial: Trial) -> None:
    calls = Calls(trial)
    elements = [calls.blinded(person) for person in PERSONS]
    with trial.process("pseudonym-service"):
        await calls.evaluate(elements[:5])
        await calls.evaluate([*elements[5:8], NO_ELEMENT])
        await calls.evaluate([*elements[8:10], IDENTITY])
        await calls.evaluate([*elements[10:12], TOO_SHORT])
        await calls.evaluate(elements[12:14], epoch=7)
        await calls.evaluate(elements[14:16], purpose=pseudonym_pb2.EVALUATION_PURPOSE_UNSPECIFIED)
        await calls.evaluate(elements[16:18] * 501)
        while not any(b"RESOURCE_EXHAUSTED" in error for error in calls.errors):
            await calls.evaluate(elements[18:28] * 100)
    assert len(calls.errors) == 7
    secret = [element for element in {*calls.sent, *calls.answered} if element != IDENTITY]
    needles = [form for element in secret for form in forms_of(element)]
    assert places_of(needles, trial, calls.errors) == set()


async def test_an_element_that_is_kept_is_found(trial: Trial) -> None:
    """Without this the search above could be blind."""
    [element] = [Calls(trial).blinded(PERSONS[0])]
    for number, form in enumerate(forms_of(element)):
        (trial.folder / f"leak-{number}.log").write_bytes(b"evaluating " + form + b" now")
    assert len(places_of(list(forms_of(element)), trial, [])) == len(set(forms_of(element)))


def test_no_number_stays_anywhere_however_its_question_ends(trial: Trial) -> None:
    """Answered, refused, and with every service away."""
    number = PERSONS[0].reveal()
    config = str(trial.config("veilig_thuis"))
    outputs: list[str] = []
    with trial.serving():
        for purpose in ("safety-assessment", "no-such-purpose"):
            done = trial.run(
                *("lookup", "--config", config, "--purpose", purpose),
                stdin=f"{number}\n",
                check=False,
            )
            outputs.append(done.stdout + done.stderr)
        done = trial.run("pseudonym", "--config", config, stdin=f"{number}\n")
        outputs.append(done.stdout + done.stderr)
    for command in (
        ("lookup", "--config", config, "--purpose", "safety-assessment"),
        ("pseudonym", "--config", config),
    ):
        away = trial.run(*command, stdin=f"{number}\n", check=False)
        assert away.returncode == 69
        outputs.append(away.stdout + away.stderr)
    needles = [number.encode()]
    assert places_of(needles, trial, [output.encode() for output in outputs]) == set()
