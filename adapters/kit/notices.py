"""Notices of break-glass, kept in the partner's file for its privacy officers until they have read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from adapters.kit.state import StateFile
from gateway.domain import Oin, Reference
from gateway.messages.notices import Notice, NoticeEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptNotice:
    """A notice as it was kept; `seen` once somebody marked it as read."""

    notice: Notice
    seen: bool


class NoticeBox:
    """The notices of one partner's file. A notice that comes twice is kept once."""

    def __init__(self, file: StateFile) -> None:
        self._file = file

    def keep(self, notice: Notice) -> bool:
        """Keep a notice; return False for one that is kept already.

        Raises:
            StoreUnavailable: the file takes no change; the notice must not be acknowledged.

        """
        with self._file.transaction() as connection:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO notices (id, at, body) VALUES (?, ?, ?)",
                (notice.id, notice.at.isoformat(), _body(notice)),
            )
        return cursor.rowcount == 1

    def all(self) -> Sequence[KeptNotice]:
        """Return every kept notice, oldest first."""
        with self._file.transaction() as connection:
            rows = connection.execute("SELECT body, seen FROM notices ORDER BY at, id").fetchall()
        return [KeptNotice(notice=_notice(body), seen=bool(seen)) for body, seen in rows]

    def see(self, notices: Sequence[KeptNotice]) -> None:
        """Mark these as read; one that came meanwhile stays unread."""
        with self._file.transaction() as connection:
            connection.executemany(
                "UPDATE notices SET seen = 1 WHERE id = ?", [(each.notice.id,) for each in notices]
            )


def as_json(notice: Notice) -> dict[str, Any]:
    """Return a notice as JSON: what is kept, and what the command prints."""
    return {
        "event": notice.event.value,
        "declaration": notice.declaration,
        "recipient": notice.recipient,
        "asker": notice.asker,
        "purpose": notice.purpose,
        "ground": notice.ground,
        "at": notice.at.isoformat(),
        "declared_at": notice.declared_at.isoformat(),
        "expires_at": notice.expires_at.isoformat(),
        "review_due": notice.review_due.isoformat(),
        "record_id": notice.occasion,
        "references": list(notice.references),
    }


def _body(notice: Notice) -> bytes:
    return orjson.dumps(as_json(notice))


def _notice(body: bytes) -> Notice:
    kept = orjson.loads(body)
    return Notice(
        recipient=Oin(kept["recipient"]),
        event=NoticeEvent(kept["event"]),
        declaration=kept["declaration"],
        asker=Oin(kept["asker"]),
        purpose=kept["purpose"],
        ground=kept["ground"],
        at=datetime.fromisoformat(kept["at"]),
        declared_at=datetime.fromisoformat(kept["declared_at"]),
        expires_at=datetime.fromisoformat(kept["expires_at"]),
        review_due=datetime.fromisoformat(kept["review_due"]),
        occasion=kept["record_id"],
        references=tuple(map(Reference, kept["references"])),
    )
