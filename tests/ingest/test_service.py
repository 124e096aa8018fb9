"""A batch is taken in whole: what is right is written once, what is wrong is kept with its reason, nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.agreement.ports import Agreements
from gateway.agreement.reading import AgreementReader, InForce
from gateway.audit.model import AuditEvent, AuditOutcome
from gateway.bus.ports import BusRecord, Delivery, Position
from gateway.bus.topics import TopicKind, topic_of
from gateway.domain import FactMessage, Partner, PartnerKind, Phase, SigningKey
from gateway.errors import ConfigurationError, RejectionReason, StoreUnavailable
from gateway.index.tokens import decode_token
from gateway.ingest.service import IngestService, TakenIn
from gateway.messages.dead_letters import read_dead_letter
from gateway.messages.receipts import Receipt, ReceiptOutcome, read_receipt
from gateway.messages.records import to_record
from gateway.messages.signing import key_id, public_bytes
from tests.support.convenants import convenant, rule
from tests.support.facts import NOON, OIN_VT, household, involvement, merge, message
from tests.support.fake_store import FakeIndexStore
from tests.support.sealed import DOOR, person

KEY = Ed25519PrivateKey.generate()
NOW = datetime(2026, 3, 2, 13, tzinfo=UTC)
PARTNER = Partner(
    oin=OIN_VT,
    kind=PartnerKind("veilig_thuis"),
    name="Veilig Thuis (synthetic)",
    signing_keys=(
        SigningKey(
            kid=key_id(KEY),
            public_key=public_bytes(KEY),
            valid_from=NOW - timedelta(days=1),
            valid_until=NOW + timedelta(days=1),
        ),
    ),
)


@pytest.fixture
def store() -> FakeIndexStore:
    return FakeIndexStore(PARTNER)


@pytest.fixture
def service(store: FakeIndexStore) -> IngestService:
    return IngestService(
        store=store, door=DOOR, agreement=AgreementReader(), clock=lambda: NOW, largest_message_bytes=65_536
    )


def delivery(number: int, fact_message: FactMessage) -> Delivery:
    record = to_record(fact_message, key=KEY, kid=key_id(KEY))
    return Delivery(position=Position(topic=record.topic, partition=0, offset=number), record=record)


def nonsense(number: int) -> Delivery:
    topic = topic_of(TopicKind.INGRESS, OIN_VT)
    record = BusRecord(topic=topic, key=b"", value=b"PLANTED nonsense", headers={"x": b"1"})
    return Delivery(position=Position(topic=topic, partition=0, offset=number), record=record)


async def outgoing(store: FakeIndexStore) -> list[BusRecord]:
    async with store.transaction() as tx:
        return [item.record for item in await tx.outgoing.waiting(limit=1000)]


async def receipts(store: FakeIndexStore) -> list[Receipt]:
    return [read_receipt(r) for r in await outgoing(store) if ".egress." in r.topic]


async def versions(store: FakeIndexStore) -> int:
    async with store.transaction() as tx:
        return (await tx.facts.counts())["versions"]


async def test_a_bad_message_is_kept_with_its_reason_and_the_rest_goes_on(
    store: FakeIndexStore, service: IngestService
) -> None:
    batch = [
        delivery(0, message(involvement(OIN_VT, "anna"))),
        nonsense(1),
        delivery(2, message(involvement(OIN_VT, "bram"))),
    ]
    assert await service.take_in(batch) == {TakenIn.APPLIED: 2, TakenIn.REJECTED: 1}
    [letter] = [read_dead_letter(r) for r in await outgoing(store) if ".dead-letter." in r.topic]
    assert letter.original == batch[1].record
    assert letter.reason is RejectionReason.HEADERS
    assert [receipt.outcome for receipt in await receipts(store)] == [
        ReceiptOutcome.ACCEPTED,
        ReceiptOutcome.REJECTED,
        ReceiptOutcome.ACCEPTED,
    ]


async def test_the_receipt_of_a_rejected_message_names_paths_and_nothing_of_the_value(
    store: FakeIndexStore, service: IngestService
) -> None:
    await service.take_in([nonsense(0)])
    [record] = [r for r in await outgoing(store) if ".egress." in r.topic]
    assert read_receipt(record).violations
    assert b"PLANTED" not in record.value + b"".join(record.headers.values())


async def test_a_duplicate_changes_nothing_and_is_answered(
    store: FakeIndexStore, service: IngestService
) -> None:
    sent = message(involvement(OIN_VT, "anna"))
    await service.take_in([delivery(0, sent), delivery(1, sent)])
    assert await service.take_in([delivery(2, sent)]) == {TakenIn.DUPLICATE: 1}
    assert await versions(store) == 1
    outcomes = [receipt.outcome for receipt in await receipts(store)]
    assert outcomes == [ReceiptOutcome.ACCEPTED, ReceiptOutcome.DUPLICATE, ReceiptOutcome.DUPLICATE]


async def test_the_receipt_of_whatever_was_taken_in_has_a_token_that_reaches_it(
    store: FakeIndexStore, service: IngestService
) -> None:
    """A lookup with the token is at least as fresh as the write; also of one that was taken in before."""
    newer = message(involvement(OIN_VT, "anna"), recorded_at=NOON)
    older = message(involvement(OIN_VT, "anna"), recorded_at=NOON - timedelta(days=1))
    await service.take_in([delivery(0, newer), nonsense(1)])
    await service.take_in([delivery(2, older)])
    await service.take_in([delivery(3, newer)])
    found = [(receipt.outcome, receipt.consistency_token) for receipt in await receipts(store)]
    assert [(outcome, token and decode_token(token)) for outcome, token in found] == [
        (ReceiptOutcome.ACCEPTED, 1),
        (ReceiptOutcome.REJECTED, None),
        (ReceiptOutcome.SUPERSEDED, 2),
        (ReceiptOutcome.DUPLICATE, 2),
    ]


async def test_a_rejected_message_that_is_delivered_again_has_one_dead_letter(
    store: FakeIndexStore, service: IngestService
) -> None:
    await service.take_in([nonsense(0)])
    assert await service.take_in([nonsense(0)]) == {TakenIn.DUPLICATE: 1}
    assert len([r for r in await outgoing(store) if ".dead-letter." in r.topic]) == 1


async def test_a_late_older_version_is_kept_and_does_not_count(
    store: FakeIndexStore, service: IngestService
) -> None:
    newer = message(involvement(OIN_VT, "anna"), recorded_at=NOON)
    older = message(involvement(OIN_VT, "anna"), recorded_at=NOON - timedelta(days=1))
    await service.take_in([delivery(0, newer)])
    assert await service.take_in([delivery(1, older)]) == {TakenIn.SUPERSEDED: 1}
    assert await versions(store) == 2


async def test_a_record_names_the_convenant_that_is_in_force_and_nothing_where_none_is(
    service: IngestService, store: FakeIndexStore
) -> None:
    agreed = convenant(rule())
    await service.take_in([delivery(0, message(involvement(OIN_VT, "anna"))), nonsense(1)])
    store.agree(agreed)
    await service.take_in([delivery(2, message(involvement(OIN_VT, "bas"))), nonsense(3)])
    assert [record.convenant for record in store.state.audit] == ["", "", agreed.identity, agreed.identity]


class UnreadableAgreement(AgreementReader):
    """Finds a version in the store that this code cannot read."""

    async def in_force(self, agreements: Agreements, at: datetime) -> InForce | None:
        raise ConfigurationError("a convenant in the store is not of this version")


async def test_a_convenant_that_cannot_be_read_keeps_nothing_out_and_is_told_once_a_batch(
    store: FakeIndexStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is answered under it, but what people withdraw and end must not wait until it is put right."""
    room = IngestService(
        store=store,
        door=DOOR,
        agreement=UnreadableAgreement(),
        clock=lambda: NOW,
        largest_message_bytes=65_536,
    )
    ended = replace(involvement(OIN_VT, "anna"), phase=Phase.ENDED, until=NOW.date())
    batch = [delivery(0, message(ended)), delivery(1, message(involvement(OIN_VT, "bas"))), nonsense(2)]
    capsys.readouterr()
    assert await room.take_in(batch) == {TakenIn.APPLIED: 2, TakenIn.REJECTED: 1}
    assert [record.convenant for record in store.state.audit] == ["", "", ""]
    assert capsys.readouterr().err.count('"event": "ingest.convenant-not-read"') == 1


async def test_every_person_a_fact_is_about_has_an_audit_record(
    store: FakeIndexStore, service: IngestService
) -> None:
    await service.take_in([delivery(0, message(household(OIN_VT, "anna", "bram"))), nonsense(1)])
    async with store.transaction() as tx:
        records = [stored.record for stored in await tx.audit.read()]
    assert [(record.event, record.outcome) for record in records] == [
        (AuditEvent.HOUSEHOLD, AuditOutcome.DONE),
        (AuditEvent.HOUSEHOLD, AuditOutcome.DONE),
        (AuditEvent.REJECT, AuditOutcome.REJECTED),
    ]


async def test_a_merge_and_its_undoing_are_in_the_log_of_both_persons(
    store: FakeIndexStore, service: IngestService
) -> None:
    """NEN 7513 logs by client: each of the two can ask what became of them."""
    said, undone = merge(OIN_VT, "anna", "bram"), merge(OIN_VT, "anna", "bram", undone=True)
    sent = [message(said), message(undone), message(said, recorded_at=NOON + timedelta(minutes=1))]
    assert await service.take_in([delivery(number, each) for number, each in enumerate(sent)]) == {
        TakenIn.APPLIED: 2,
        TakenIn.SUPERSEDED: 1,
    }
    async with store.transaction() as tx:
        records = [stored.record for stored in await tx.audit.read()]
    assert [(record.event, record.outcome, record.subject) for record in records] == [
        (event, outcome, person(name))
        for event, outcome in (
            (AuditEvent.MERGE, AuditOutcome.DONE),
            (AuditEvent.UNMERGE, AuditOutcome.DONE),
            (AuditEvent.MERGE, AuditOutcome.SUPERSEDED),
        )
        for name in ("anna", "bram")
    ]


async def test_a_merge_in_one_batch_with_what_it_moves_moves_it(
    store: FakeIndexStore, service: IngestService
) -> None:
    await service.take_in(
        [
            delivery(0, message(merge(OIN_VT, "anna", "bram"))),
            delivery(1, message(involvement(OIN_VT, "anna"))),
        ]
    )
    async with store.transaction() as tx:
        found = await tx.facts.households([person("anna"), person("bram")], on=NOON.date())
    assert [len(found[person(name)].involvements) for name in ("anna", "bram")] == [0, 1]


async def test_nothing_is_written_or_answered_when_the_store_does_not_commit(
    store: FakeIndexStore, service: IngestService
) -> None:
    sent = delivery(0, message(involvement(OIN_VT, "anna")))
    store.refuses_commit = True
    with pytest.raises(StoreUnavailable):
        await service.take_in([sent])
    store.refuses_commit = False
    assert await versions(store) == 0
    assert await outgoing(store) == []
    assert await service.take_in([sent]) == {TakenIn.APPLIED: 1}
