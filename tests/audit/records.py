"""Random audit records: every field, every event, times in any zone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

from gateway.audit.model import AuditedVerdict, AuditEvent, AuditOutcome, AuditRecord
from gateway.domain import MessageId, Oin, PartnerKind, Professional, SealedPseudonym, Subject

CODES = st.from_regex(r"[a-z][a-z0-9]{0,10}(_[a-z0-9]{1,10})?", fullmatch=True)
OINS = st.from_regex(r"00000099[0-9]{12}", fullmatch=True).map(Oin)
KINDS = CODES.map(PartnerKind)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
"""Any text, NUL and emoji included; a lone surrogate is no text that UTF-8 can carry."""
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001 - bounds
SUBJECTS = st.lists(
    st.builds(SealedPseudonym, st.binary(min_size=32, max_size=32), epoch=st.integers(1, 9999)),
    min_size=1,
    max_size=2,
    unique_by=lambda pseudonym: pseudonym.epoch,
).map(lambda pseudonyms: Subject(*pseudonyms))

VERDICTS = st.builds(
    AuditedVerdict,
    partner=OINS,
    kind=st.none() | KINDS,
    reference=CODES,
    shown=st.booleans(),
    rule=TEXTS,
    basis=TEXTS,
    consent=TEXTS,
)
RECORDS = st.builds(
    AuditRecord,
    record_id=st.uuids(version=4).map(str),
    at=MOMENTS,
    event=st.sampled_from(AuditEvent),
    outcome=st.sampled_from(AuditOutcome),
    organisation=st.none() | OINS,
    kind=st.none() | KINDS,
    professional=st.none() | st.builds(Professional, id=TEXTS, role=CODES, mandate=CODES),
    subject=st.none() | SUBJECTS,
    purpose=CODES | st.just(""),
    convenant=TEXTS,
    reason=CODES | st.just(""),
    message=st.none() | st.builds(MessageId, source=OINS, id=TEXTS),
    verdicts=st.lists(VERDICTS, max_size=4).map(tuple),
    count=st.none() | st.integers(1, 1000),
    epoch=st.none() | st.integers(1, 9999),
    emergency=TEXTS,
)
