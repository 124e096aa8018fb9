"""The builders of `tests.support.facts` behind the index's door: every person sealed with one test key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gateway.domain import (
    ConsentFact,
    HouseholdFact,
    HouseholdMember,
    InvolvementFact,
    MergeFact,
    Oin,
    Subject,
)
from gateway.index.door import Door, EpochBook
from gateway.index.sealing import Sealer
from gateway.pseudonyms.epochs import PublicEpoch
from gateway.pseudonyms.pinned import PinnedKeys
from tests.support import facts
from tests.support.facts import (
    NOON,
    OIN_GGZ,
    OIN_POLITIE,
    OIN_VT,
    SINCE,
    event_of,
    message,
)

SEALER = Sealer(bytes(range(32)))


class TwoEpochs(EpochBook):
    """Epochs 1 and 2 overlap since long ago; 3 is announced, and 9 is over."""

    def keys(self) -> PinnedKeys:
        start, end, later = (datetime(year, 1, 1, tzinfo=UTC) for year in (2020, 2021, 2099))
        terms = ((1, start, None), (2, start, None), (3, later, None))
        return PinnedKeys(
            index=Oin("00000099100000000000"),
            keys=tuple(
                PublicEpoch(epoch=epoch, public_key=PUBLIC_KEY, valid_from=since, valid_until=until)
                for epoch, since, until in (*terms, (9, start, end))
            ),
        )


# The generator of ristretto255 (RFC 9496, section 5): a valid element, and nobody's key.
PUBLIC_KEY = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
DOOR = Door(SEALER, TwoEpochs(), clock=lambda: NOON)


def person(name: str, *epochs: int) -> Subject:
    """Return a synthetic person as the index knows them."""
    return SEALER.seal(facts.person(name, *epochs))


def involvement(partner: Oin, who: str, **changes: Any) -> InvolvementFact:
    """Return an active involvement of a partner with a sealed person."""
    return facts.involvement(partner, who, **{"subject": person(who)} | changes)


def household(partner: Oin, *who: str, **changes: Any) -> HouseholdFact:
    """Return an assertion that these sealed persons form a household."""
    members = tuple(HouseholdMember(subject=person(name)) for name in who)
    return facts.household(partner, *who, **{"members": members} | changes)


def consent(partner: Oin, who: str, *, holder: str, asking: str, **changes: Any) -> ConsentFact:
    """Return a consent of a sealed person."""
    return facts.consent(partner, who, holder=holder, asking=asking, **{"subject": person(who)} | changes)


def merge(partner: Oin, one: str, other: str, **changes: Any) -> MergeFact:
    """Return a merge of two sealed persons."""
    return facts.merge(partner, one, other, **{"old": person(one), "new": person(other)} | changes)


__all__ = [
    "DOOR",
    "NOON",
    "OIN_GGZ",
    "OIN_POLITIE",
    "OIN_VT",
    "SEALER",
    "SINCE",
    "consent",
    "event_of",
    "household",
    "involvement",
    "merge",
    "message",
    "person",
]
