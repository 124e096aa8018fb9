"""Builders of synthetic facts: one call a fact, with only what a test is about spelled out."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from typing import Any

from uuid_utils.compat import uuid7

from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Decider,
    Event,
    Fact,
    FactMessage,
    HouseholdFact,
    HouseholdMember,
    InvolvementFact,
    MessageId,
    Oin,
    PartnerKind,
    Phase,
    Pseudonym,
    Reference,
)

OIN_VT = Oin("00000099100000000100")
OIN_GGZ = Oin("00000099100000000200")
OIN_POLITIE = Oin("00000099100000000300")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SINCE = date(2026, 1, 15)


def person(name: str) -> Pseudonym:
    """Return the pseudonym of a synthetic person, the same for the same name."""
    return Pseudonym(hashlib.sha256(b"synthetic person " + name.encode()).digest())


def involvement(partner: Oin, who: str, **changes: Any) -> InvolvementFact:
    """Return an active involvement of a partner with a person."""
    values: dict[str, Any] = {
        "partner": partner,
        "reference": Reference(f"ref-{partner[-4:]}-{who}"),
        "subject": person(who),
        "phase": Phase.ACTIVE,
        "since": SINCE,
        "desk": "frontoffice",
    }
    return InvolvementFact(**values | changes)


def household(partner: Oin, *who: str, **changes: Any) -> HouseholdFact:
    """Return an assertion that these persons form a household."""
    values: dict[str, Any] = {
        "partner": partner,
        "reference": Reference(f"household-{'-'.join(who)}"),
        "members": tuple(HouseholdMember(subject=person(name)) for name in who),
    }
    return HouseholdFact(**values | changes)


def consent(partner: Oin, who: str, *, holder: str, asking: str, **changes: Any) -> ConsentFact:
    """Return a consent of a person to show one kind of holder to one kind of asker."""
    values: dict[str, Any] = {
        "partner": partner,
        "reference": Reference(f"consent-{who}-{holder}-{asking}".replace("_", "-")),
        "subject": person(who),
        "effect": ConsentEffect.PERMIT,
        "decided_by": Decider.SUBJECT,
        "holder_kinds": frozenset({PartnerKind(holder)}),
        "asking_kinds": frozenset({PartnerKind(asking)}),
        "purposes": frozenset({"coordination-of-care"}),
        "since": SINCE,
    }
    return ConsentFact(**values | changes)


def message(fact: Fact, *, recorded_at: datetime = NOON, **changes: Any) -> FactMessage:
    """Return the message that carries a fact, with a new id and the event that fits."""
    values: dict[str, Any] = {
        "id": MessageId(fact.partner, str(uuid7())),
        "event": event_of(fact),
        "recorded_at": recorded_at,
        "fact": fact,
    }
    return FactMessage(**values | changes)


def event_of(fact: Fact) -> Event:
    """Return the event of a first message about the fact."""
    match fact:
        case HouseholdFact():
            return Event.HOUSEHOLD_ASSERTED
        case ConsentFact(effect=effect):
            return {
                ConsentEffect.PERMIT: Event.CONSENT_GIVEN,
                ConsentEffect.OBJECT: Event.CONSENT_OBJECTED,
                ConsentEffect.WITHDRAWN: Event.CONSENT_WITHDRAWN,
            }[effect]
        case InvolvementFact(phase=Phase.ENDED):
            return Event.INVOLVEMENT_ENDED
        case InvolvementFact(phase=Phase.RETRACTED):
            return Event.INVOLVEMENT_RETRACTED
        case InvolvementFact():
            return Event.INVOLVEMENT_STARTED
