"""What the rooms above may ask of a meter, and the terms it is asked with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from gateway.domain import Oin

QUESTIONS = "questions"
"""The meter of all that a partner asks of the index or records in it by a call: one bucket for every room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterTerms:
    """`per_hour` lastingly, and `burst` at once after a quiet time."""

    per_hour: int
    burst: int

    def __post_init__(self) -> None:
        if self.per_hour < 1 or self.burst < 1:
            raise ValueError("a meter lets at least one through, and fills again")


class MeterKey(NamedTuple):
    """One partner's bucket of the meter `name` (at most 32 characters)."""

    partner: Oin
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a batch takes out of one bucket."""

    key: MeterKey
    count: int
    terms: MeterTerms


class Meters(Protocol):
    """The buckets inside one transaction: what is charged counts when the transaction commits, or not at all.

    A batch of work may look at many first and charge them last. In between others may charge the same buckets;
    `charge` then finds less than `standing` told, and says so.
    """

    async def standing(
        self, keys: Collection[MeterKey], *, hold: bool = False
    ) -> Mapping[MeterKey, datetime]:
        """Return when each bucket is full again; one that nobody has taken from may be left out.

        With `hold` nobody else charges these buckets until the transaction ends.
        """

    async def mend(self, keys: Mapping[MeterKey, MeterTerms], now: datetime) -> None:
        """Make those buckets merely empty that would be full again later than an empty one is.

        A clock that ran ahead left them so: without this they would refuse everything until its time has come.
        """

    async def charge(self, charges: Sequence[Charge], now: datetime) -> None:
        """Take every charge out of its bucket, at most one charge a bucket: all of them or none.

        What is taken holds for every process on the same database and survives a restart.

        Raises:
            QuotaExceeded: less is left than a charge takes; the transaction must be given up. Says when so much
                will be; a count above the burst never fits, and is told the time a full burst takes.
            StoreUnavailable: the database is away; nothing was taken.

        """
