"""What a partner itself recorded of a person's consent, whatever became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain import ConsentFact, Oin, Reference, SealedPseudonym, Subject
from gateway.index.ports import StandingConsent
from gateway.index.sql import tables as t
from gateway.index.sql.keys import KindOfKey, is_of
from gateway.index.sql.rows import read_consent


async def own_consents(connection: AsyncConnection, partner: Oin, subject: Subject) -> Sequence[ConsentFact]:
    """Return the partner's statements that count for the person now, by reference; one statement of SQL."""
    hit = t.subject_keys.alias("hit")
    asked = [pseudonym.reveal() for pseudonym in subject.pseudonyms]
    about_the_person = (
        select(hit.c.reference)
        .where(
            KindOfKey(hit.c.fact) == t.consents.name,
            hit.c.partner == partner,
            hit.c.subject.in_(asked),
        )
        .distinct()
    )
    rows = await connection.execute(_statements(partner).where(t.consents.c.reference.in_(about_the_person)))
    found = (each.fact for each in _joined(rows))
    # A person who has one of the pseudonyms and another one under the same epoch is somebody else.
    return [fact for fact in found if fact.subject.is_same_person(subject)]


async def own_consent(
    connection: AsyncConnection, partner: Oin, reference: Reference
) -> StandingConsent | None:
    """Return the standing version of one of the partner's statements; None if there is none."""
    rows = await connection.execute(_statements(partner).where(t.consents.c.reference == reference))
    return next(iter(_joined(rows)), None)


def _statements(partner: Oin) -> Select[Any]:
    """The partner's statements, a row for every epoch under which each counts for its person."""
    key = t.subject_keys
    return (
        select(t.consents, key.c.epoch, key.c.subject)
        .join(
            key,
            and_(key.c.fact == t.consents.name, is_of(t.consents, key), key.c.subject.is_not(None)),
        )
        .where(t.consents.c.partner == partner)
    )


def _joined(rows: Iterable[Any]) -> list[StandingConsent]:
    """Put the rows of one statement together, by reference."""
    first: dict[str, Any] = {}
    persons: defaultdict[str, set[SealedPseudonym]] = defaultdict(set)
    for row in rows:
        first.setdefault(row.reference, row)
        persons[row.reference].add(SealedPseudonym(row.subject, epoch=row.epoch))
    # Sorted here: databases order text by their own collations.
    return [
        StandingConsent(fact=read_consent(row, Subject(*persons[reference])), recorded_at=row.recorded_at)
        for reference, row in sorted(first.items())
    ]
