"""What the rooms above may ask of the access log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gateway.audit.model import AuditRecord, StoredAuditRecord
from gateway.domain import Oin


class AuditLog(Protocol):
    """The log inside one transaction: what is appended is durable when the transaction commits, or not at all."""

    async def append(self, records: Sequence[AuditRecord]) -> None:
        """Add the records in this order. There is no way to change or remove one."""

    async def read(self, *, after: int = 0, limit: int = 1000) -> Sequence[StoredAuditRecord]:
        """Return up to `limit` records with a sequence above `after`, oldest first."""

    async def count(self) -> int:
        """Return how many records the log holds."""

    async def asked_about(self, since: datetime, until: datetime) -> Mapping[Oin, int]:
        """Return about how many persons each organisation had questions answered from `since` up to `until`.

        However often it asks about one person, that is one. An empty answer counts, a refusal does not. An
        organisation without any is left out.
        """

    async def answered(self, since: datetime, until: datetime) -> Mapping[Oin, int]:
        """Return how many questions of each organisation were answered from `since` up to `until`.

        An empty answer counts, a refusal does not. An organisation without any is left out.
        """

    async def find(self, record_id: str) -> StoredAuditRecord | None:
        """Return the record that a receipt names; None if there is none."""

    async def answers(
        self, since: datetime, until: datetime, *, after: int = 0, limit: int = 1000
    ) -> Sequence[StoredAuditRecord]:
        """Return up to `limit` answered questions about somebody, from `since` up to `until`, oldest first.

        Those with a sequence above `after`, so that a reader can go on. An empty answer is one, a refusal is not.
        """
