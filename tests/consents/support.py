"""The consents room on a store in memory, and what it takes to call it there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from gateway.agreement.reading import AgreementReader
from gateway.audit.model import AuditRecord
from gateway.consents.model import OwnQuestion, Statement, Withdrawal
from gateway.consents.service import ConsentRoom
from gateway.convenant.model import Convenant
from gateway.domain import ConsentFact, Oin, Reference
from gateway.index.ports import IndexStore, StandingConsent
from gateway.metering.bounds import CallBounds
from gateway.metering.ports import MeterTerms
from gateway.telemetry.alarms import Alarms
from tests.lookup.support import ASKER, NOW, PARTNERS
from tests.support.convenants import GGZ, OIN_WIJKTEAM, WIJKTEAM, convenant
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import consent, person

WIJKTEAM_RECORDS = convenant(consent_recorders=frozenset({WIJKTEAM, GGZ}))
"""A convenant in which the neighbourhood team and mental health care may record consent, and others may not."""


class Clock:
    """A clock that tests move."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


def store_under(agreement: Convenant = WIJKTEAM_RECORDS, *parties: Oin) -> FakeIndexStore:
    """Return a store with the partners, under a convenant that these signed; everybody, if nobody is named."""
    store = FakeIndexStore(*PARTNERS)
    store.agree(agreement, *parties)
    return store


def bounds(*, per_hour: int = 3600, burst: int = 1000) -> CallBounds:
    """Return bounds under which nothing is refused unless a test asks for it; nobody was named yet."""
    return CallBounds(quota=MeterTerms(per_hour=per_hour, burst=burst), alarms=Alarms(timedelta(minutes=10)))


def room(store: IndexStore, **changes: Any) -> ConsentRoom:
    """Return the room, its clock standing still."""
    values: dict[str, Any] = {
        "store": store,
        "agreement": AgreementReader(),
        "clock": lambda: NOW,
        "bounds": bounds(),
    }
    return ConsentRoom(**values | changes)


def call_id(name: str) -> str:
    """Return the UUID of a call, the same for the same name."""
    return str(uuid5(UUID(int=0), name))


def said(who: str = "anna", *, partner: Oin = OIN_WIJKTEAM, **changes: Any) -> ConsentFact:
    """Return a consent that the neighbourhood team records: mental health care may be shown to the police."""
    values: dict[str, Any] = {"holder": "ggz", "asking": "politie", "reference": Reference("c-1")}
    return consent(partner, who, **values | changes)


def statement(name: str = "first", fact: ConsentFact | None = None) -> Statement:
    """Return the call that records a fact."""
    return Statement(message_id=call_id(name), fact=fact or said(), professional=ASKER)


def withdrawal(name: str = "withdraw", *, caller: Oin = OIN_WIJKTEAM, reference: str = "c-1") -> Withdrawal:
    """Return the call that withdraws what the caller recorded under a reference."""
    return Withdrawal(
        caller=caller, message_id=call_id(name), reference=Reference(reference), professional=ASKER
    )


def own(who: str = "anna", *, caller: Oin = OIN_WIJKTEAM) -> OwnQuestion:
    """Return the question what the caller recorded about a person."""
    return OwnQuestion(caller=caller, subject=person(who), professional=ASKER)


async def standing(
    store: IndexStore, *, partner: Oin = OIN_WIJKTEAM, reference: str = "c-1"
) -> StandingConsent | None:
    """Return what the index holds under a reference."""
    async with store.transaction() as tx:
        return await tx.facts.own_consent(partner, Reference(reference))


async def versions(store: IndexStore) -> int:
    """Return how many versions were ever written."""
    async with store.transaction() as tx:
        return (await tx.facts.counts())["versions"]


def records(store: FakeIndexStore) -> tuple[AuditRecord, ...]:
    """Return what the log durably holds."""
    return store.state.audit
