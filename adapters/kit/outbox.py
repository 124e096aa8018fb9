"""The outbox: signed messages that wait for the bus, and sent ones that wait for their receipt.

A message leaves the outbox only after the bus has acknowledged it. A stop in between sends the same bytes with
the same id again, which the index recognises.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson

from adapters.kit.state import StateFile, unsay
from gateway.bus.ports import BusRecord
from gateway.domain import Reference


class Fate(StrEnum):
    """What the index said about a sent message."""

    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message in the outbox."""

    number: int
    message_id: str
    record: BusRecord


def queue(
    connection: sqlite3.Connection, record: BusRecord, *, message_id: str, reference: Reference
) -> None:
    """Put a message last in the outbox, within the caller's transaction."""
    headers = {name: value.decode("ascii") for name, value in record.headers.items()}
    connection.execute(
        "INSERT INTO outbox (message_id, reference, topic, key, headers, value) VALUES (?, ?, ?, ?, ?, ?)",
        (message_id, reference, record.topic, record.key, orjson.dumps(headers), record.value),
    )


class Outbox:
    """The outbox of one partner's file."""

    def __init__(self, file: StateFile) -> None:
        self._file = file

    def waiting(self, *, most: int) -> Sequence[Waiting]:
        """Return the oldest messages that the bus has not acknowledged yet, in order."""
        with self._file.transaction() as connection:
            rows = connection.execute(
                "SELECT number, message_id, topic, key, headers, value FROM outbox ORDER BY number LIMIT ?",
                (most,),
            ).fetchall()
        return [
            Waiting(
                number=number,
                message_id=message_id,
                record=BusRecord(
                    topic=topic,
                    key=key,
                    value=value,
                    headers={name: text.encode("ascii") for name, text in orjson.loads(headers).items()},
                ),
            )
            for number, message_id, topic, key, headers, value in rows
        ]

    def acknowledge(self, messages: Sequence[Waiting]) -> None:
        """Note that the bus has these messages: they leave the outbox and wait for their receipts."""
        numbers = [(message.number,) for message in messages]
        with self._file.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO sent (message_id, reference)"
                " SELECT message_id, reference FROM outbox WHERE number = ?",
                numbers,
            )
            connection.executemany("DELETE FROM outbox WHERE number = ?", numbers)

    def settle(self, message_id: str, fate: Fate, *, reason: str = "") -> Reference | None:
        """Note the receipt of a message; return its reference, None for a message that is not awaited.

        A refused message is kept with its reason, and its fact counts as never said.
        """
        with self._file.transaction() as connection:
            row = connection.execute(
                "SELECT reference FROM sent WHERE message_id = ? AND outcome IS NULL", (message_id,)
            ).fetchone()
            if row is None:
                return None
            if fate is Fate.REFUSED:
                connection.execute(
                    "UPDATE sent SET outcome = ?, reason = ? WHERE message_id = ?",
                    (fate.value, reason, message_id),
                )
                unsay(connection, message_id)
            else:
                connection.execute("DELETE FROM sent WHERE message_id = ?", (message_id,))
        return Reference(row[0])

    def unreceipted(self) -> int:
        """Return how many sent messages have no receipt yet."""
        with self._file.transaction() as connection:
            found = connection.execute("SELECT count(*) FROM sent WHERE outcome IS NULL").fetchone()
        return int(found[0])
