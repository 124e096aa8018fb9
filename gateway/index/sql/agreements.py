"""The agreement in the database: versions and acts are added, never changed and never removed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.agreement.model import Act, ActKind, ConvenantVersion
from gateway.agreement.ports import Agreements
from gateway.convenant.model import Convenant
from gateway.convenant.reading import read_convenant
from gateway.domain import Oin
from gateway.errors import ConfigurationError, InvalidInput
from gateway.index.sql.tables import convenant_acts, convenants
from gateway.index.sql.upsert import insert_unless_there

_LOCK = 0x5645_5243
"""The key of the agreement's advisory lock ("VERC" in ASCII). On SQLite there is one writer at a time anyway."""


class SqlAgreements(Agreements):
    """Versions and acts inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def hold(self) -> None:
        """Let nobody else add anything before this transaction ends."""
        if self._connection.dialect.name == "postgresql":
            await self._connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})

    async def revision(self) -> int:
        """Return how many versions and acts there are.

        Counted, since the highest number would not change when a lower one is committed after it.
        """
        counts = [
            select(func.count()).select_from(table).scalar_subquery()
            for table in (convenants, convenant_acts)
        ]
        found = await self._connection.execute(select(counts[0] + counts[1]))
        return int(found.scalar_one())

    async def versions(self) -> Sequence[ConvenantVersion]:
        """Return every version, in the order in which they were laid down."""
        rows = await self._connection.execute(select(convenants).order_by(convenants.c.number))
        return [_version(row) for row in rows]

    async def acts(self) -> Sequence[Act]:
        """Return every act, in the order in which they were accepted."""
        rows = await self._connection.execute(select(convenant_acts).order_by(convenant_acts.c.number))
        return [_act(row) for row in rows]

    async def lay_down(self, version: ConvenantVersion) -> bool:
        """Add a version; return False where one with its content hash is there already."""
        await self.hold()
        added = await self._connection.execute(
            insert_unless_there(self._connection, convenants)
            .values(
                content_hash=version.convenant.content_hash,
                content=version.content,
                starts=version.starts,
                laid_down_at=version.laid_down_at,
            )
            .returning(convenants.c.number)
        )
        return added.first() is not None

    async def add(self, act: Act) -> None:
        """Add an act."""
        await self.hold()
        await self._connection.execute(
            insert(convenant_acts).values(
                content_hash=act.content_hash,
                partner=act.partner,
                kind=act.kind.value,
                at=act.at,
                kid=act.kid,
                document=act.document,
            )
        )


def _version(row: Any) -> ConvenantVersion:
    try:
        convenant = _read(row.content)
    except InvalidInput as error:
        raise ConfigurationError(
            f"a convenant in the store cannot be read by this version: {error}"
        ) from None
    if convenant.content_hash != row.content_hash:
        raise ConfigurationError(
            "a convenant in the store is not what was laid down: its content hash differs"
        )
    return ConvenantVersion(
        convenant=convenant, content=row.content, starts=row.starts, laid_down_at=row.laid_down_at
    )


@lru_cache(maxsize=32)
def _read(content: bytes) -> Convenant:
    """Return the convenant; the same bytes are read once a process, since a long one takes a moment."""
    return read_convenant(content)


def _act(row: Any) -> Act:
    return Act(
        partner=Oin(row.partner),
        content_hash=row.content_hash,
        kind=ActKind(row.kind),
        at=row.at,
        kid=row.kid,
        document=row.document,
    )
