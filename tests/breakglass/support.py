"""Declarations on a store in memory, with a clock that tests move."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.agreement.reading import AgreementReader
from gateway.audit.model import AuditEvent, AuditOutcome, AuditRecord
from gateway.breakglass.declaring import BreakGlass, Declared, DeclareRequest
from gateway.breakglass.escalating import EscalationKeeper
from gateway.breakglass.reviewing import Reviews
from gateway.breakglass.sealing import TextSealer
from gateway.breakglass.usage import UsageReader
from gateway.breakglass.using import use_of
from gateway.convenant.question import Builtin, Verdict
from gateway.domain import Declaration, Oin, Professional
from gateway.index.declarations import DeclarationUse
from gateway.messages.notices import Notice, read_notice
from gateway.metering.bounds import CallBounds
from gateway.metering.ports import MeterTerms
from gateway.telemetry.alarms import Alarms
from tests.lookup.support import ASKER, PARTNERS
from tests.support.convenants import PURPOSES, break_glass, convenant
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT, involvement, person

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TEXT = "PLANTED-EXPLANATION: er is nu gevaar, de voordeur staat open."
SEALER = TextSealer(bytes(range(32)))
QUOTA = MeterTerms(per_hour=6, burst=12)
TERMS = break_glass()


def declaration(**changes: Any) -> Declaration:
    """Return a declaration by Veilig Thuis about Anna, made now."""
    values: dict[str, Any] = {
        "id": "019a0000-0000-7000-8000-000000000001",
        "partner": OIN_VT,
        "kind": PARTNERS[0].kind,
        "professional": ASKER,
        "subject": person("anna"),
        "purpose": PURPOSES[0],
        "ground": "acute-danger",
        "explanation": b"sealed",
        "convenant": "Synthetic 1 0000",
        "declared_at": NOW,
        "expires_at": NOW + timedelta(minutes=240),
        "review_due": NOW + timedelta(days=5),
    }
    return Declaration(**values | changes)


def request(**changes: Any) -> DeclareRequest:
    """Return what a professional of Veilig Thuis declares about Anna."""
    values: dict[str, Any] = {
        "caller": OIN_VT,
        "subject": person("anna"),
        "purpose": PURPOSES[0],
        "professional": ASKER,
        "own_case": False,
        "ground": "acute-danger",
        "explanation": TEXT,
    }
    return DeclareRequest(**values | changes)


def verdict(partner: Oin, who: str = "anna", **changes: Any) -> Verdict:
    """Return what was decided about one involvement: shown by the emergency, unless changed."""
    values: dict[str, Any] = {
        "involvement": involvement(partner, who),
        "shown": True,
        "rule": Builtin.BREAK_GLASS.value,
    }
    return Verdict(**values | changes)


def lookup_record(at: datetime = NOW, **changes: Any) -> AuditRecord:
    """Return the audit record of an answered question of Veilig Thuis."""
    values: dict[str, Any] = {
        "at": at,
        "event": AuditEvent.LOOKUP,
        "outcome": AuditOutcome.DONE,
        "organisation": OIN_VT,
        "subject": person("anna"),
    }
    return AuditRecord(**values | changes)


@dataclass
class Desk:
    """The rooms of break-glass over one store, under a convenant that every partner signed."""

    store: FakeIndexStore = field(default_factory=lambda: FakeIndexStore(*PARTNERS))
    now: datetime = NOW
    alarms: Alarms = field(default_factory=lambda: Alarms(timedelta(hours=1)))

    def __post_init__(self) -> None:
        self.store.agree(convenant(break_glass=TERMS))
        self.reviews = Reviews(store=self.store, clock=lambda: self.now)
        self.keeper = EscalationKeeper(store=self.store, clock=lambda: self.now)
        self.usage = UsageReader(store=self.store, clock=lambda: self.now)
        self.room = BreakGlass(
            store=self.store,
            agreement=AgreementReader(),
            sealer=SEALER,
            clock=lambda: self.now,
            bounds=CallBounds(quota=QUOTA, alarms=self.alarms),
        )

    async def declare(self, **changes: Any) -> Declared:
        """Declare, with these changes to the request."""
        return await self.room.declare(request(**changes))

    async def use(self, made: Declaration, *partners: Oin) -> DeclarationUse:
        """Answer a question under the declaration that shows these partners, as the lookup does."""
        record = lookup_record(self.now, organisation=made.partner, emergency=made.id)
        used = use_of(made, [verdict(partner) for partner in partners], record)
        async with self.store.transaction() as tx:
            await tx.declarations.used([used.use])
            await tx.outgoing.add(used.notices)
            await tx.audit.append([record])
        return used.use

    async def standing(self, made: Declaration) -> Declaration:
        """Return the declaration as it stands in the store."""
        async with self.store.transaction() as tx:
            return (await tx.declarations.find([made.id]))[made.id]

    @property
    def records(self) -> tuple[AuditRecord, ...]:
        """What the log durably holds."""
        return self.store.state.audit

    @property
    def notices(self) -> list[Notice]:
        """What waits for the bus, read as its recipients read it."""
        return [read_notice(item.record) for item in self.store.state.outgoing]

    def told(self) -> list[tuple[str, Oin]]:
        """Return what was told to whom, in order."""
        return [(notice.event.value, notice.recipient) for notice in self.notices]


OTHER = Professional(id="medewerker-2", role=ASKER.role, mandate=ASKER.mandate)

__all__ = [
    "ASKER",
    "NOW",
    "OIN_GGZ",
    "OIN_POLITIE",
    "OIN_VT",
    "OTHER",
    "QUOTA",
    "SEALER",
    "TERMS",
    "TEXT",
    "Desk",
    "declaration",
    "lookup_record",
    "request",
    "verdict",
]
