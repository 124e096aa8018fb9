"""The bytes of an audit record: nothing is lost in them, and equal records have equal bytes."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import orjson
from hypothesis import assume, given

from gateway.audit.canonical import from_bytes, to_bytes
from gateway.audit.model import AuditedVerdict, AuditEvent, AuditOutcome, AuditRecord
from gateway.domain import MessageId, Oin, PartnerKind, Professional, SealedPseudonym, Subject
from tests.audit.records import RECORDS, ZONES

RECORD = AuditRecord(
    record_id="01994f00-0000-7000-8000-000000000001",
    at=datetime(2026, 3, 2, 12, 0, 0, 5, tzinfo=UTC),
    event=AuditEvent.LOOKUP,
    outcome=AuditOutcome.DONE,
    organisation=Oin("00000099100000000200"),
    kind=PartnerKind("ggz"),
    professional=Professional(id="p-1", role="behandelaar", mandate="eigen-taak"),
    subject=Subject(SealedPseudonym(bytes(range(32)), epoch=1)),
    purpose="coordination-of-care",
    convenant="Voorbeeldregio 1.0",
    message=MessageId(Oin("00000099100000000100"), "m-1"),
    verdicts=(
        AuditedVerdict(
            partner=Oin("00000099100000000100"),
            kind=None,
            reference="r",
            shown=False,
            rule="no-rule",
            basis="",
        ),
    ),
)

GOLDEN = (
    b'{"at":"2026-03-02T12:00:00.000005+00:00","convenant":"Voorbeeldregio 1.0",'
    b'"count":null,"emergency":"","epoch":null,"event":"lookup","kind":"ggz","message":["00000099100000000100","m-1"],"organisation":"00000099100000000200",'
    b'"outcome":"done","professional":{"id":"p-1","mandate":"eigen-taak","role":"behandelaar"},'
    b'"purpose":"coordination-of-care","reason":"","record_id":"01994f00-0000-7000-8000-000000000001",'
    b'"subject":["1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"],'
    b'"verdicts":[{"basis":"","consent":"","kind":null,"partner":"00000099100000000100","reference":"r",'
    b'"rule":"no-rule","shown":false}]}'
)


def test_the_bytes_of_a_record_stay_what_they_are() -> None:
    """Proofs are made over these bytes: another form would break every one of them."""
    assert to_bytes(RECORD) == GOLDEN


@given(RECORDS)
def test_a_record_comes_back_whole(record: AuditRecord) -> None:
    assert from_bytes(to_bytes(record)) == record


@given(RECORDS)
def test_bytes_written_again_are_the_same(record: AuditRecord) -> None:
    assert to_bytes(from_bytes(to_bytes(record))) == to_bytes(record)


@given(RECORDS, ZONES)
def test_one_moment_named_in_two_zones_gives_the_same_bytes(record: AuditRecord, zone: timezone) -> None:
    moved = replace(record, at=record.at.astimezone(zone))
    assert moved == record
    assert to_bytes(moved) == to_bytes(record)


@given(RECORDS, RECORDS)
def test_different_records_have_different_bytes(one: AuditRecord, other: AuditRecord) -> None:
    assume(one != other)
    assert to_bytes(one) != to_bytes(other)


@given(RECORDS)
def test_every_field_stands_in_the_bytes_by_its_name(record: AuditRecord) -> None:
    """A field that is added to the model and forgotten here would be missing from the log."""
    assert orjson.loads(to_bytes(record)).keys() == {field.name for field in fields(AuditRecord)}


def test_a_record_of_before_there_were_evaluations_can_be_read() -> None:
    before = GOLDEN.replace(b'"count":null,"emergency":"","epoch":null,', b"").replace(b'"consent":"",', b"")
    assert before != GOLDEN
    assert from_bytes(before) == RECORD


def test_a_difference_of_a_microsecond_shows() -> None:
    later = replace(RECORD, at=RECORD.at + timedelta(microseconds=1))
    assert to_bytes(later) != to_bytes(RECORD)
