"""Meters as a table: one row for each meter and partner, locked from its charge until the transaction ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NoReturn

from sqlalchemy import (
    BigInteger,
    Column,
    String,
    Table,
    case,
    literal,
    select,
    text,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.database import Moment, insert_into, metadata
from gateway.domain import Oin
from gateway.errors import QuotaExceeded
from gateway.metering.bucket import full_again
from gateway.metering.ports import Charge, MeterKey, Meters, MeterTerms

meters = Table(
    "meters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("partner", String(20), primary_key=True),
    Column("full_at", Moment, nullable=False),
)


class SqlMeters(Meters):
    """The buckets inside one transaction.

    Nothing is locked before `charge`, so that batches of several processes are worked on side by side. Then two
    transactions of one partner take turns; those of different partners do not wait for each other. Buckets are
    always locked in one order (name, terms, partner): no two transactions wait for each other for ever.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def standing(
        self, keys: Collection[MeterKey], *, hold: bool = False
    ) -> Mapping[MeterKey, datetime]:
        """Return when each bucket is full again, in one statement."""
        if not keys:
            return {}
        if hold and self._connection.dialect.name == "postgresql":
            # Keeps out whoever charges, and no reader. SQLite has one writer at all times.
            await self._connection.execute(text("LOCK TABLE meters IN SHARE ROW EXCLUSIVE MODE"))
        identity = tuple_(meters.c.partner, meters.c.name)
        rows = await self._connection.execute(
            select(meters.c.partner, meters.c.name, meters.c.full_at).where(identity.in_(sorted(keys)))
        )
        return {MeterKey(Oin(partner), name): full_at for partner, name, full_at in rows}

    async def mend(self, keys: Mapping[MeterKey, MeterTerms], now: datetime) -> None:
        """Bring each bucket back to empty where it stands beyond that; a statement a bucket, for few of them."""
        for key, terms in sorted(keys.items()):
            limit = full_again(None, terms.burst, terms, now)
            await self._connection.execute(
                update(meters)
                .where(meters.c.name == key.name, meters.c.partner == key.partner, meters.c.full_at > limit)
                .values(full_at=limit)
            )

    async def charge(self, charges: Sequence[Charge], now: datetime) -> None:
        """Take every charge, in a statement for each meter and terms, however many partners there are."""
        ordered = sorted(charges, key=_place)
        for (name, per_hour, burst), group in groupby(ordered, key=lambda charge: _place(charge)[:3]):
            await self._charge_alike(name, list(group), MeterTerms(per_hour=per_hour, burst=burst), now)

    async def _charge_alike(
        self, name: str, charges: Sequence[Charge], terms: MeterTerms, now: datetime
    ) -> None:
        # What a full bucket gives: what comes out is `now` and the time that the count takes to fill again.
        rows = [
            {
                "name": name,
                "partner": charge.key.partner,
                "full_at": full_again(None, charge.count, terms, now),
            }
            for charge in charges
        ]
        insert = insert_into(self._connection, meters)
        # For a row that is there the same arithmetic as `full_again`: the database waits for whoever holds the
        # row, and works with what it became. `limit` is when a bucket that is empty now is full again.
        at, limit = literal(now, Moment()), literal(full_again(None, terms.burst, terms, now), Moment())
        stands = type_coerce(meters.c.full_at, BigInteger)
        after = type_coerce(insert.excluded.full_at, BigInteger) + case((stands > at, stands - at), else_=0)
        charged = insert.on_conflict_do_update(
            index_elements=[meters.c.name, meters.c.partner], set_={"full_at": after}, where=after <= limit
        ).returning(meters.c.partner)
        taken = {partner for (partner,) in await self._connection.execute(charged, rows)}
        refused = [charge for charge in charges if charge.key.partner not in taken]
        if refused:
            await self._refuse(refused, now)

    async def _refuse(self, charges: Sequence[Charge], now: datetime) -> NoReturn:
        """Say when so much will be left; the rows are locked, so nobody changed what was found too little."""
        standing = await self.standing([charge.key for charge in charges])
        for charge in charges:
            full_again(standing.get(charge.key), charge.count, charge.terms, now)
        raise QuotaExceeded("another process took what was left", retry_after_seconds=0.0)


def _place(charge: Charge) -> tuple[str, int, int, Oin]:
    return charge.key.name, charge.terms.per_hour, charge.terms.burst, charge.key.partner
