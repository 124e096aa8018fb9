"""One stolen key enumerates nothing: a thief with a dictionary of numbers, the index's database and one of the keys."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import pytest

from gateway.domain import Bsn, Oin, Pseudonym, Subject
from gateway.index.sealing import Sealer
from gateway.keyfiles import load_secret
from gateway.pseudonyms.hashing import prefixed
from gateway.pseudonyms.private_input import context, private_input, pseudonym_of
from gateway.pseudonyms.voprf import KeyPair, blind, derive_key_pair, evaluate, finalize
from tests.support.bsns import consecutive_bsns
from tests.support.facts import involvement, message
from tests.support.trial import Trial
from tests.support.veilig_thuis import csv_of, row

EPOCH = 1
DICTIONARY = 10_000
REGISTERED = 30
BATCH = 1000


@dataclass(frozen=True)
class Loot:
    """What can be stolen, and what everybody knows."""

    database: Path
    sealing_key: bytes
    pseudonym_seed: bytes
    index: Oin

    def values(self) -> Iterator[bytes]:
        """Yield every value of every table as bytes."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                for found in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - the schema's own name
                    yield from (v if isinstance(v, bytes) else str(v).encode() for v in found)

    def names(self, candidate: bytes) -> bool:
        """Tell whether the database holds the candidate anywhere: as a value, within one, or in the file's bytes."""
        return candidate in self._haystack or candidate.hex().encode() in self._haystack

    @cached_property
    def _haystack(self) -> bytes:
        files = sorted(self.database.parent.glob(f"{self.database.name}*"))
        return b"\0".join([*(file.read_bytes() for file in files), *self.values()])


@pytest.fixture(scope="module")
def persons() -> list[Bsn]:
    return consecutive_bsns(DICTIONARY)


@pytest.fixture(scope="module")
def loot(tmp_path_factory: pytest.TempPathFactory, persons: list[Bsn]) -> Loot:
    """An index that was used: persons registered, asked about, a message refused."""
    folder = tmp_path_factory.mktemp("loot")
    trial = Trial.make(folder / "site")
    registered = persons[:: DICTIONARY // REGISTERED][:REGISTERED]
    rows = [row(casusnr=f"C-{n // 3}", bsn=bsn.reveal()) for n, bsn in enumerate(registered)]
    export = folder / "export.csv"
    export.write_text(csv_of(rows), "utf-8")
    config = str(trial.config("veilig_thuis"))
    seed = load_secret(trial.folder / "pseudonyms" / "keys" / f"epoch-{EPOCH}.key")
    with trial.serving():
        asyncio.run(_refused(trial, persons[2], seed))
        report = trial.json(
            "adapter",
            "run",
            "veilig_thuis",
            "--config",
            config,
            "--file",
            str(export),
            "--once",
            "--wait",
            "60",
        )
        assert report["receipts"]["accepted"] == REGISTERED + REGISTERED // 3
        for bsn in (registered[0], persons[1]):
            trial.json(
                "lookup", "--config", config, "--purpose", "safety-assessment", stdin=f"{bsn.reveal()}\n"
            )
    listed = trial.json("dead-letters", "list", "--config", trial.made["index_config"])
    assert len(listed["dead_letters"]) == 1
    return Loot(
        database=trial.folder / "data" / "index.sqlite3",
        sealing_key=load_secret(trial.settings.sealing_key),
        pseudonym_seed=seed,
        index=Oin(trial.settings.oin),
    )


def outputs_of(persons: list[Bsn], pair: KeyPair, index: Oin) -> list[Pseudonym]:
    """Compute the pseudonyms as the holder of the secret key can, without asking anybody."""
    found: list[Pseudonym] = []
    for start in range(0, len(persons), BATCH):
        inputs = [private_input(bsn, index=index, epoch=EPOCH) for bsn in persons[start : start + BATCH]]
        blinded = [blind(each) for each in inputs]
        answer = evaluate(pair.secret, pair.public_key, [each.element for each in blinded])
        found += [
            pseudonym_of(finalize(private, each.blind, element), epoch=EPOCH)
            for private, each, element in zip(inputs, blinded, answer.elements, strict=True)
        ]
    return found


def linked(loot: Loot, candidates: Iterable[bytes]) -> int:
    return sum(loot.names(candidate) for candidate in candidates)


def test_with_both_keys_every_person_is_found(loot: Loot, persons: list[Bsn]) -> None:
    """The measure of the two tests below: a thief of both keys links everybody who is registered or asked about."""
    pair = derive_key_pair(loot.pseudonym_seed, context(index=loot.index, epoch=EPOCH))
    sealer = Sealer(loot.sealing_key)
    sealed = [sealer.seal(Subject(each)) for each in outputs_of(persons, pair, loot.index)]
    assert linked(loot, (each.pseudonyms[0].reveal() for each in sealed)) == REGISTERED + 1


def test_with_the_database_and_the_indexs_key_nobody_is_found(loot: Loot, persons: list[Bsn]) -> None:
    """The public key is public, and any other key can be tried: none of it makes a pseudonym."""
    sealer = Sealer(loot.sealing_key)
    guessed = derive_key_pair(loot.sealing_key, context(index=loot.index, epoch=EPOCH))
    attempts = [
        *outputs_of(persons, guessed, loot.index),
        *(_hashed(private_input(bsn, index=loot.index, epoch=EPOCH)) for bsn in persons),
        *(_hashed(prefixed(bsn.reveal().encode())) for bsn in persons),
    ]
    candidates = [each.reveal() for each in attempts]
    candidates += [sealer.seal(Subject(each)).pseudonyms[0].reveal() for each in attempts]
    assert linked(loot, candidates) == 0


def test_with_the_pseudonym_key_alone_nobody_is_found(loot: Loot, persons: list[Bsn]) -> None:
    """Every pseudonym of the dictionary can be computed, and none of them is in the database."""
    pair = derive_key_pair(loot.pseudonym_seed, context(index=loot.index, epoch=EPOCH))
    known = outputs_of(persons, pair, loot.index)
    guessed = Sealer(loot.pseudonym_seed)
    candidates = [each.reveal() for each in known]
    candidates += [guessed.seal(Subject(each)).pseudonyms[0].reveal() for each in known]
    candidates += [_hashed(each.reveal()).reveal() for each in known]
    assert linked(loot, candidates) == 0


def test_no_number_of_the_dictionary_is_in_the_database(loot: Loot, persons: list[Bsn]) -> None:
    values = set(loot.values())
    assert not any(bsn.reveal().encode() in values for bsn in persons)


async def _refused(trial: Trial, person: Bsn, seed: bytes) -> None:
    """Send a message from the future: it becomes a dead letter, which passes through the database."""
    index = Oin(trial.settings.oin)
    pair = derive_key_pair(seed, context(index=index, epoch=EPOCH))
    [known] = outputs_of([person], pair, index)
    fact = involvement(trial.oin("veilig_thuis"), "x", subject=Subject(known))
    future = datetime.now(UTC) + timedelta(days=1)
    await trial.publish([trial.record(message(fact, recorded_at=future))])


def _hashed(content: bytes) -> Pseudonym:
    return Pseudonym(hashlib.sha256(content).digest(), epoch=EPOCH)
