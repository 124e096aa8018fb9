"""Partners in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain import Desk, Oin, Partner, PartnerKind, SigningKey
from gateway.index.ports import Directory
from gateway.index.sql.tables import partners
from gateway.index.sql.upsert import insert_or_replace


class SqlDirectory(Directory):
    """The partners inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def save(self, partner: Partner) -> None:
        """Add the partner, or replace it whole."""
        await self._connection.execute(
            insert_or_replace(self._connection, partners).values(
                oin=partner.oin,
                kind=partner.kind,
                name=partner.name,
                active=partner.active,
                body=_body(partner),
            )
        )

    async def find(self, oin: Oin) -> Partner | None:
        """Return the partner, switched on or off."""
        row = (await self._connection.execute(select(partners).where(partners.c.oin == oin))).first()
        return None if row is None else _partner(row)

    async def all(self) -> Sequence[Partner]:
        """Return every partner, by kind, name and OIN."""
        rows = await self._connection.execute(select(partners))
        # Sorted here: databases order text by their own collations.
        return sorted(map(_partner, rows), key=lambda partner: (partner.kind, partner.name, partner.oin))


def _body(partner: Partner) -> bytes:
    return orjson.dumps(
        {
            "core_tasks": partner.core_tasks,
            "desks": partner.desks,
            "signing_keys": [
                {
                    "kid": key.kid,
                    "public_key": key.public_key.hex(),
                    "valid_from": key.valid_from.isoformat(),
                    "valid_until": key.valid_until.isoformat(),
                }
                for key in partner.signing_keys
            ],
        }
    )


def _partner(row: Any) -> Partner:
    body = orjson.loads(row.body)
    return Partner(
        oin=Oin(row.oin),
        kind=PartnerKind(row.kind),
        name=row.name,
        active=row.active,
        core_tasks=tuple(body["core_tasks"]),
        desks=tuple(Desk(**desk) for desk in body["desks"]),
        signing_keys=tuple(
            SigningKey(
                kid=key["kid"],
                public_key=bytes.fromhex(key["public_key"]),
                valid_from=datetime.fromisoformat(key["valid_from"]),
                valid_until=datetime.fromisoformat(key["valid_until"]),
            )
            for key in body["signing_keys"]
        ),
    )
