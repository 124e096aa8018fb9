"""Record at the index what persons said about showing involvements, and withdraw it again.

    statement = ConsentStatement(
        reference="T-2026-0041",
        subject=subject,
        decided_by=Decider.SUBJECT,
        scope=ConsentScope(
            holder_kinds=["ggz"], asking_kinds=["wijkteam"], purposes=["coordination-of-care"], since=date.today()
        ),
    )
    receipt = await index.consents.record(statement, professional=asker)
    await index.consents.withdraw("T-2026-0041", professional=asker)

What was answered counts for every lookup that begins afterwards. Every call is safe to repeat: this client repeats it
with the same `message_id`, and so can you, with one of your own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from uuid import uuid4

import grpc

from verwijsindex.client.errors import IndexDefect, error_of_call
from verwijsindex.client.model import Professional, Receipt, SubjectPseudonym
from verwijsindex.client.wire import read_receipt, write_professional, write_subject
from verwijsindex.v1 import consent_pb2, consent_pb2_grpc

DEADLINE_SECONDS = 5.0
"""The contract's advice."""


class Decider(StrEnum):
    """Who decided: under 12 the holders of authority, from 12 to 15 the youth and they, from 16 the youth alone."""

    SUBJECT = "subject"
    AUTHORITY_HOLDERS = "authority-holders"
    SUBJECT_AND_AUTHORITY_HOLDERS = "subject-and-authority-holders"
    UNDETERMINED = "undetermined"
    """Not established, or under investigation: such consent waits until it is recorded anew, an objection counts."""


class ConsentEffect(StrEnum):
    """What a statement says now."""

    PERMIT = "permit"
    OBJECT = "object"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentScope:
    """What a statement is about. The lists of codes are never empty: who means every kind names every kind.

    `holder_oins` and `asking_oins` narrow the kinds to organisations; empty is every one of them. `until` is the last
    day: for consent not given by the person alone the day before the birthday from which somebody else decides.
    """

    holder_kinds: Sequence[str]
    asking_kinds: Sequence[str]
    purposes: Sequence[str]
    since: date
    until: date | None = None
    holder_oins: Sequence[str] = ()
    asking_oins: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentStatement:
    """Consent or an objection. `reference` is your own opaque one; the same reference again replaces it."""

    reference: str
    subject: Sequence[SubjectPseudonym] = field(repr=False)
    decided_by: Decider
    scope: ConsentScope


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnConsent:
    """One of your own statements as it stands. `counts` says whether it decides anything today.

    `fhir` is the same as a FHIR R4 Consent (JSON), profile `consent-statement`.
    """

    reference: str
    effect: ConsentEffect
    decided_by: Decider
    scope: ConsentScope
    counts: bool
    fhir: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnConsents:
    """Your own statements about one person, by reference, and where the question stands in the access log."""

    consents: tuple[OwnConsent, ...]
    receipt: Receipt


class ConsentCalls:
    """The statements of the partner that is connected. Every call is safe to repeat with the same `message_id`."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = consent_pb2_grpc.ConsentServiceStub(channel)

    async def record(
        self,
        statement: ConsentStatement,
        *,
        professional: Professional,
        message_id: str = "",
        timeout_seconds: float = DEADLINE_SECONDS,
    ) -> Receipt:
        """Record that consent was given.

        `message_id` is a UUID in lower case; without one the call gets its own. A lookup with the receipt's token is at
        least as fresh.

        Raises:
            LookupRefused: the index will not record this; the subclass says why.
            IndexUnavailable: no answer within `timeout_seconds`, retries included; repeat it with the same
                `message_id`.

        """
        request = consent_pb2.ConsentServiceRecordRequest(
            message_id=message_id or str(uuid4()),
            reference=statement.reference,
            subject=write_subject(statement.subject),
            decided_by=_DECIDERS[statement.decided_by],
            scope=_write_scope(statement.scope),
            professional=write_professional(professional),
        )
        try:
            return read_receipt((await self._stub.Record(request, timeout=timeout_seconds)).receipt)
        except grpc.aio.AioRpcError as error:
            raise error_of_call(error) from None

    async def object(
        self,
        statement: ConsentStatement,
        *,
        professional: Professional,
        message_id: str = "",
        timeout_seconds: float = DEADLINE_SECONDS,
    ) -> Receipt:
        """Record an objection; its `until` may be empty for everybody. Raises as `record`."""
        request = consent_pb2.ConsentServiceObjectRequest(
            message_id=message_id or str(uuid4()),
            reference=statement.reference,
            subject=write_subject(statement.subject),
            decided_by=_DECIDERS[statement.decided_by],
            scope=_write_scope(statement.scope),
            professional=write_professional(professional),
        )
        try:
            return read_receipt((await self._stub.Object(request, timeout=timeout_seconds)).receipt)
        except grpc.aio.AioRpcError as error:
            raise error_of_call(error) from None

    async def withdraw(
        self,
        reference: str,
        *,
        professional: Professional,
        message_id: str = "",
        timeout_seconds: float = DEADLINE_SECONDS,
    ) -> Receipt:
        """Withdraw one of your own statements, consent or objection.

        Raises:
            UnknownReference: this partner recorded nothing under the reference.
            LookupRefused: as for `record`.
            IndexUnavailable: as for `record`.

        """
        request = consent_pb2.ConsentServiceWithdrawRequest(
            message_id=message_id or str(uuid4()),
            reference=reference,
            professional=write_professional(professional),
        )
        try:
            return read_receipt((await self._stub.Withdraw(request, timeout=timeout_seconds)).receipt)
        except grpc.aio.AioRpcError as error:
            raise error_of_call(error) from None

    async def own(
        self,
        subject: Sequence[SubjectPseudonym],
        *,
        professional: Professional,
        timeout_seconds: float = DEADLINE_SECONDS,
    ) -> OwnConsents:
        """Return the statements about one person that this partner recorded itself, withdrawn ones included.

        Raises:
            LookupRefused: as for `record`.
            IndexUnavailable: as for `record`.

        """
        request = consent_pb2.ConsentServiceListOwnRequest(
            subject=write_subject(subject), professional=write_professional(professional)
        )
        try:
            response = await self._stub.ListOwn(request, timeout=timeout_seconds)
        except grpc.aio.AioRpcError as error:
            raise error_of_call(error) from None
        try:
            consents = tuple(_read_consent(each) for each in response.consents)
        except KeyError:
            # To guess what a code of a later contract means could take an objection for consent.
            raise IndexDefect(
                "the index speaks another contract than this client", reason="UNKNOWN_CODE"
            ) from None
        return OwnConsents(consents=consents, receipt=read_receipt(response.receipt))


_DECIDERS = {
    Decider.SUBJECT: consent_pb2.DECIDER_SUBJECT,
    Decider.AUTHORITY_HOLDERS: consent_pb2.DECIDER_AUTHORITY_HOLDERS,
    Decider.SUBJECT_AND_AUTHORITY_HOLDERS: consent_pb2.DECIDER_SUBJECT_AND_AUTHORITY_HOLDERS,
    Decider.UNDETERMINED: consent_pb2.DECIDER_UNDETERMINED,
}
_DECIDERS_READ = {int(code): decider for decider, code in _DECIDERS.items()}
_EFFECTS_READ = {
    int(consent_pb2.CONSENT_EFFECT_PERMIT): ConsentEffect.PERMIT,
    int(consent_pb2.CONSENT_EFFECT_OBJECT): ConsentEffect.OBJECT,
    int(consent_pb2.CONSENT_EFFECT_WITHDRAWN): ConsentEffect.WITHDRAWN,
}


def _write_scope(scope: ConsentScope) -> consent_pb2.ConsentScope:
    return consent_pb2.ConsentScope(
        holder_kinds=scope.holder_kinds,
        asking_kinds=scope.asking_kinds,
        purposes=scope.purposes,
        holder_oins=scope.holder_oins,
        asking_oins=scope.asking_oins,
        since=scope.since.isoformat(),
        until="" if scope.until is None else scope.until.isoformat(),
    )


def _read_consent(consent: consent_pb2.Consent) -> OwnConsent:
    scope = consent.scope
    return OwnConsent(
        reference=consent.reference,
        effect=_EFFECTS_READ[consent.effect],
        decided_by=_DECIDERS_READ[consent.decided_by],
        scope=ConsentScope(
            holder_kinds=tuple(scope.holder_kinds),
            asking_kinds=tuple(scope.asking_kinds),
            purposes=tuple(scope.purposes),
            since=date.fromisoformat(scope.since),
            until=date.fromisoformat(scope.until) if scope.until else None,
            holder_oins=tuple(scope.holder_oins),
            asking_oins=tuple(scope.asking_oins),
        ),
        counts=consent.counts,
        fhir=consent.fhir_consent,
    )
