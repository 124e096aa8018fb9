"""Answers of the lookup room as wire messages; the bytes depend on what is shown and on the receipt alone."""

from __future__ import annotations

from typing import Protocol

from gateway.domain import Desk
from gateway.index.tokens import encode_token
from gateway.lookup.answer import Answer, Concern, ShownInvolvement
from verwijsindex.v1 import common_pb2, index_pb2


class OnRecord(Protocol):
    """An answer or a write that stands in the access log."""

    @property
    def record_id(self) -> str:
        """Id of the audit record."""

    @property
    def position(self) -> int:
        """How far the index had come, at least."""


NOTICE = (
    "Dit overzicht kan onvolledig zijn: een betrokkenheid die niet is aangemeld of niet getoond mag worden, "
    "staat er niet in."
)
"""Goes with every answer, full or empty: an empty list never means that nobody is involved."""

_CONCERNS = {
    Concern.PERSON: index_pb2.CONCERN_PERSON,
    Concern.HOUSEHOLD: index_pb2.CONCERN_HOUSEHOLD,
}


def write_answer(answer: Answer) -> index_pb2.LookupResponse:
    """Return the response for `answer`, its involvements in the answer's own order."""
    return index_pb2.LookupResponse(
        involvements=[_involvement(shown) for shown in answer.involvements],
        notice=NOTICE,
        receipt=write_receipt(answer),
    )


def write_receipt(done: OnRecord) -> index_pb2.Receipt:
    """Return the receipt of what is on record: the id of the record, and a token that is as fresh."""
    return index_pb2.Receipt(record_id=done.record_id, consistency_token=encode_token(done.position))


def write_desk(desk: Desk) -> common_pb2.Desk:
    """Return the desk as it may be shown: how to reach it, and not which desk it stands for."""
    return common_pb2.Desk(code=desk.code, name=desk.name, telephone=desk.telephone, email=desk.email)


def _involvement(shown: ShownInvolvement) -> index_pb2.Involvement:
    return index_pb2.Involvement(
        partner_oin=shown.partner,
        partner_kind=shown.kind,
        partner_name=shown.name,
        desk=write_desk(shown.desk),
        since_month=shown.since_month,
        concern=_CONCERNS[shown.concern],
    )
