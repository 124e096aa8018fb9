"""Between the client's values and the messages of the contract."""

from __future__ import annotations

from verwijsindex.client.model import Answer, Concern, Desk, Involvement, Partner, Question, Receipt
from verwijsindex.v1 import common_pb2, index_pb2, partner_pb2

_CONCERNS = {
    index_pb2.CONCERN_PERSON: Concern.PERSON,
    index_pb2.CONCERN_HOUSEHOLD: Concern.HOUSEHOLD,
}


def write_question(question: Question) -> index_pb2.LookupRequest:
    """Return the request for a question; the index checks it."""
    asker = question.professional
    return index_pb2.LookupRequest(
        subject=[
            common_pb2.SubjectPseudonym(value=each.value, epoch=each.epoch) for each in question.subject
        ],
        purpose=question.purpose,
        professional=common_pb2.Professional(id=asker.id, role=asker.role, mandate=asker.mandate),
        consistency_token=question.fresher_than,
    )


def read_answer(response: index_pb2.LookupResponse) -> Answer:
    """Return the answer in a response."""
    return Answer(
        involvements=tuple(_involvement(each) for each in response.involvements),
        notice=response.notice,
        receipt=Receipt(
            record_id=response.receipt.record_id, consistency_token=response.receipt.consistency_token
        ),
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
