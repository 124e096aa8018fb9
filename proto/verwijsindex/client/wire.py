"""Between the client's values and the messages of the contract."""

from __future__ import annotations

from collections.abc import Sequence

from verwijsindex.client.model import (
    Answer,
    Concern,
    Desk,
    Involvement,
    Partner,
    Professional,
    Question,
    Receipt,
    SubjectPseudonym,
)
from verwijsindex.v1 import common_pb2, index_pb2, partner_pb2

_CONCERNS = {
    index_pb2.CONCERN_PERSON: Concern.PERSON,
    index_pb2.CONCERN_HOUSEHOLD: Concern.HOUSEHOLD,
}


def write_question(question: Question) -> index_pb2.LookupRequest:
    """Return the request for a question; the index checks it."""
    return index_pb2.LookupRequest(
        subject=write_subject(question.subject),
        purpose=question.purpose,
        professional=write_professional(question.professional),
        consistency_token=question.fresher_than,
        own_case=write_own_case(question.own_case),
        declaration_id=question.declaration,
    )


def write_subject(subject: Sequence[SubjectPseudonym]) -> list[common_pb2.SubjectPseudonym]:
    """Return a person as the contract names one."""
    return [common_pb2.SubjectPseudonym(value=each.value, epoch=each.epoch) for each in subject]


def write_professional(professional: Professional) -> common_pb2.Professional:
    """Return who asks or decides as the contract names one."""
    return common_pb2.Professional(id=professional.id, role=professional.role, mandate=professional.mandate)


def write_own_case(own_case: bool) -> common_pb2.OwnCase:  # noqa: FBT001 - the one thing that is written
    """Return whether it is a case of the professional's own; the contract has a third value for "not said"."""
    return common_pb2.OWN_CASE_YES if own_case else common_pb2.OWN_CASE_NO


def read_receipt(receipt: index_pb2.Receipt) -> Receipt:
    """Return where something stands in the access log, and its token."""
    return Receipt(record_id=receipt.record_id, consistency_token=receipt.consistency_token)


def read_answer(response: index_pb2.LookupResponse) -> Answer:
    """Return the answer in a response."""
    return Answer(
        involvements=tuple(_involvement(each) for each in response.involvements),
        notice=response.notice,
        receipt=read_receipt(response.receipt),
    )


def read_partner(partner: partner_pb2.Partner) -> Partner:
    """Return one entry of the directory."""
    return Partner(
        oin=partner.oin,
        kind=partner.kind,
        kind_name=partner.kind_name,
        name=partner.name,
        core_tasks=tuple(partner.core_tasks),
        desks=tuple(_desk(desk) for desk in partner.desks),
    )


def _involvement(message: index_pb2.Involvement) -> Involvement:
    return Involvement(
        partner_oin=message.partner_oin,
        partner_kind=message.partner_kind,
        partner_name=message.partner_name,
        desk=_desk(message.desk),
        since_month=message.since_month,
        # A concern that a later contract adds is told as the wider one.
        concern=_CONCERNS.get(message.concern, Concern.HOUSEHOLD),
    )


def _desk(message: common_pb2.Desk) -> Desk:
    return Desk(code=message.code, name=message.name, telephone=message.telephone, email=message.email)
