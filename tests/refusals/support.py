"""The room of recorded refusals on a store in memory, its clock standing still."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from gateway.agreement.reading import AgreementReader
from gateway.audit.model import AuditRecord
from gateway.convenant.model import Convenant
from gateway.domain import Oin, Professional, Reference
from gateway.metering.bounds import CallBounds
from gateway.metering.ports import MeterTerms
from gateway.refusals.model import Acting, ToRecord
from gateway.refusals.service import RefusalRoom
from gateway.telemetry.alarms import Alarms
from tests.lookup.support import ASKER, EVERYTHING_BY_LAW, NOW
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import OIN_VT, person

GROUND = "safety-of-the-person"
REVIEW = date(2026, 9, 1)
CONVENANT = replace(EVERYTHING_BY_LAW, refusal_grounds={GROUND: "Veiligheid van de persoon"})


def room(store: FakeIndexStore, agreement: Convenant | None = CONVENANT, **changes: Any) -> RefusalRoom:
    """Return the room on a store, under a convenant that every partner signed; None: as the store stands."""
    if agreement is not None:
        store.agree(agreement)
    values: dict[str, Any] = {
        "store": store,
        "agreement": AgreementReader(),
        "clock": lambda: NOW,
        "bounds": bounds(),
    }
    return RefusalRoom(**values | changes)


def bounds(burst: int = 1000) -> CallBounds:
    """Return how much may be asked."""
    return CallBounds(quota=MeterTerms(per_hour=60, burst=burst), alarms=Alarms(timedelta(hours=1)))


def acting(caller: Oin = OIN_VT, professional: Professional = ASKER) -> Acting:
    """Return who acts."""
    return Acting(caller=caller, professional=professional)


def to_record(name: str = "BESLUIT-1", **changes: Any) -> ToRecord:
    """Return a refusal to record."""
    values: dict[str, Any] = {
        "reference": Reference(name),
        "subject": person("anna"),
        "ground": GROUND,
        "review_on": REVIEW,
    }
    return ToRecord(**values | changes)


def last_record(store: FakeIndexStore) -> AuditRecord:
    """Return the last of what the log durably holds."""
    return store.state.audit[-1]
