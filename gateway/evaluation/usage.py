"""How much every partner had evaluated, an hour a row: numbers only, written with the batch they count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import hour_of
from gateway.database import insert_into
from gateway.domain import Oin
from gateway.errors import InvalidInput
from gateway.evaluation.model import Usage
from gateway.evaluation.ports import UsageCounts
from gateway.evaluation.tables import evaluation_usage
from gateway.pseudonyms.ports import EvaluationPurpose

LONGEST_LOOK_BACK = timedelta(days=31)
"""A month of rows of every partner fits in one answer; the index looks at hours and days."""


def first_hour(since: datetime, *, now: datetime) -> datetime:
    """Return the first hour to tell about; InvalidInput where `since` is more than 31 days before `now`."""
    if now - since > LONGEST_LOOK_BACK:
        raise InvalidInput.at("since", f"must be within the last {LONGEST_LOOK_BACK.days} days")
    return hour_of(since)


class SqlUsageCounts(UsageCounts):
    """The counters inside one transaction of the service's database."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, usage: Usage) -> None:
        """Add to the row of that hour, partner, epoch and purpose; processes that add at once both count."""
        insert = insert_into(self._connection, evaluation_usage).values(
            hour=hour_of(usage.hour),
            partner=usage.partner,
            epoch=usage.epoch,
            purpose=usage.purpose.value,
            evaluations=usage.evaluations,
        )
        total = evaluation_usage.c.evaluations + insert.excluded.evaluations
        await self._connection.execute(
            insert.on_conflict_do_update(
                index_elements=list(evaluation_usage.primary_key.columns), set_={"evaluations": total}
            )
        )

    async def since(self, hour: datetime) -> Sequence[Usage]:
        """Return the rows from that hour on, by hour, partner, epoch and purpose."""
        rows = await self._connection.execute(
            select(evaluation_usage)
            .where(evaluation_usage.c.hour >= hour)
            .order_by(*evaluation_usage.primary_key.columns)
        )
        return [
            Usage(
                partner=Oin(row.partner),
                hour=row.hour,
                epoch=row.epoch,
                purpose=EvaluationPurpose(row.purpose),
                evaluations=row.evaluations,
            )
            for row in rows
        ]
