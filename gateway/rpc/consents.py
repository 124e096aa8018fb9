"""Between the messages of `ConsentService` and the values of the consents room, checked field by field."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from gateway.consents.model import OwnConsents, OwnQuestion, Statement, Withdrawal
from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Decider,
    Oin,
    PartnerKind,
    Subject,
    is_uuid,
    parse_code,
    parse_oin,
)
from gateway.domain.consenting import MOST_ORGANISATIONS
from gateway.errors import InvalidInput
from gateway.index.door import Door
from gateway.messages.build import build_statement
from gateway.messages.profile import MOST_KINDS, MOST_PURPOSES
from gateway.rpc.fields import Fields, parse_day, parse_own_reference, parse_professional, parse_subject
from verwijsindex.v1 import consent_pb2

Said = consent_pb2.ConsentServiceRecordRequest | consent_pb2.ConsentServiceObjectRequest


_DECIDERS_SHOWN = {
    Decider.SUBJECT: consent_pb2.DECIDER_SUBJECT,
    Decider.AUTHORITY_HOLDERS: consent_pb2.DECIDER_AUTHORITY_HOLDERS,
    Decider.SUBJECT_AND_AUTHORITY_HOLDERS: consent_pb2.DECIDER_SUBJECT_AND_AUTHORITY_HOLDERS,
    Decider.UNDETERMINED: consent_pb2.DECIDER_UNDETERMINED,
}
_DECIDERS = {int(code): decider for decider, code in _DECIDERS_SHOWN.items()}
_EFFECTS_SHOWN = {
    ConsentEffect.PERMIT: consent_pb2.CONSENT_EFFECT_PERMIT,
    ConsentEffect.OBJECT: consent_pb2.CONSENT_EFFECT_OBJECT,
    ConsentEffect.WITHDRAWN: consent_pb2.CONSENT_EFFECT_WITHDRAWN,
}


def read_statement(request: Said, effect: ConsentEffect, *, caller: Oin, door: Door) -> Statement:
    """Return the statement in `request`, made by `caller`; its person is sealed.

    Raises:
        InvalidInput: one violation for every field that breaks its rule; never a value.

    """
    fields, scope = Fields(), request.scope
    message_id = fields.read(lambda: _parse_message_id(request.message_id))
    reference = fields.read(lambda: parse_own_reference(request.reference))
    subject = fields.read(lambda: door.admit(parse_subject(request.subject)))
    decided_by = fields.read(lambda: _parse_decider(request.decided_by))
    holder_kinds = fields.read(lambda: _parse_codes(scope.holder_kinds, "scope.holder_kinds", MOST_KINDS))
    asking_kinds = fields.read(lambda: _parse_codes(scope.asking_kinds, "scope.asking_kinds", MOST_KINDS))
    purposes = fields.read(lambda: _parse_codes(scope.purposes, "scope.purposes", MOST_PURPOSES))
    holders = fields.read(lambda: _parse_oins(scope.holder_oins, "scope.holder_oins"))
    askers = fields.read(lambda: _parse_oins(scope.asking_oins, "scope.asking_oins"))
    period = fields.read(lambda: _parse_period(scope.since, scope.until))
    professional = fields.read(lambda: parse_professional(request.professional))
    fields.refuse_broken()
    assert message_id is not None and reference is not None and subject is not None  # noqa: S101, PT018
    assert decided_by is not None and period is not None and professional is not None  # noqa: S101, PT018
    fact = ConsentFact(
        partner=caller,
        reference=reference,
        subject=subject,
        effect=effect,
        decided_by=decided_by,
        holder_kinds=frozenset(map(PartnerKind, holder_kinds or ())),
        asking_kinds=frozenset(map(PartnerKind, asking_kinds or ())),
        purposes=purposes or frozenset(),
        since=period[0],
        until=period[1],
        holders=holders or frozenset(),
        askers=askers or frozenset(),
    )
    return Statement(message_id=message_id, fact=fact, professional=professional)


def read_withdrawal(request: consent_pb2.ConsentServiceWithdrawRequest, *, caller: Oin) -> Withdrawal:
    """Return the withdrawal in `request`; InvalidInput as `read_statement`."""
    fields = Fields()
    message_id = fields.read(lambda: _parse_message_id(request.message_id))
    reference = fields.read(lambda: parse_own_reference(request.reference))
    professional = fields.read(lambda: parse_professional(request.professional))
    fields.refuse_broken()
    assert message_id is not None and reference is not None and professional is not None  # noqa: S101, PT018
    return Withdrawal(caller=caller, message_id=message_id, reference=reference, professional=professional)


def read_own_question(
    request: consent_pb2.ConsentServiceListOwnRequest, *, caller: Oin, door: Door
) -> tuple[OwnQuestion, Subject]:
    """Return the question in `request`, and its person as the caller named it; InvalidInput as `read_statement`."""
    fields = Fields()
    named = fields.read(lambda: parse_subject(request.subject))
    sealed = None if named is None else fields.read(lambda: door.admit(named))
    professional = fields.read(lambda: parse_professional(request.professional))
    fields.refuse_broken()
    assert named is not None and sealed is not None and professional is not None  # noqa: S101, PT018
    return OwnQuestion(caller=caller, subject=sealed, professional=professional), named


def write_consents(found: OwnConsents, person: Subject) -> list[consent_pb2.Consent]:
    """Return the statements; `person` is who they are about as the caller named it."""
    return [
        consent_pb2.Consent(
            reference=fact.reference,
            effect=_EFFECTS_SHOWN[fact.effect],
            decided_by=_DECIDERS_SHOWN[fact.decided_by],
            scope=_scope(fact),
            counts=fact.is_current(found.day),
            fhir_consent=build_statement(fact, person),
        )
        for fact in found.consents
    ]


def _scope(fact: ConsentFact) -> consent_pb2.ConsentScope:
    return consent_pb2.ConsentScope(
        holder_kinds=sorted(fact.holder_kinds),
        asking_kinds=sorted(fact.asking_kinds),
        purposes=sorted(fact.purposes),
        holder_oins=sorted(fact.holders),
        asking_oins=sorted(fact.askers),
        since=fact.since.isoformat(),
        until="" if fact.until is None else fact.until.isoformat(),
    )


def _parse_message_id(text: str) -> str:
    if not is_uuid(text):
        raise InvalidInput.at("message_id", "must be a UUID in lower case")
    return text


def _parse_decider(code: int) -> Decider:
    found = _DECIDERS.get(code)
    if found is None:
        raise InvalidInput.at("decided_by", "must say who decided")
    return found


def _parse_codes(found: Sequence[str], path: str, most: int) -> frozenset[str]:
    if not found:
        raise InvalidInput.at(path, "must name at least one; an empty scope is refused")
    return _parse_all(found, path, most, parse_code)


def _parse_oins(found: Sequence[str], path: str) -> frozenset[Oin]:
    return frozenset(map(Oin, _parse_all(found, path, MOST_ORGANISATIONS, parse_oin)))


def _parse_all(found: Sequence[str], path: str, most: int, parse: Callable[..., str]) -> frozenset[str]:
    if len(found) > most:
        raise InvalidInput.at(path, f"must name at most {most}")
    fields = Fields()
    for index, text in enumerate(found):
        fields.read(lambda text=text, index=index: parse(text, path=f"{path}[{index}]"))  # type: ignore[misc]
    fields.refuse_broken()
    return frozenset(found)


def _parse_period(since_text: str, until_text: str) -> tuple[date, date | None]:
    fields = Fields()
    since = fields.read(lambda: parse_day(since_text, "scope.since"))
    until = fields.read(lambda: parse_day(until_text, "scope.until")) if until_text else None
    fields.refuse_broken()
    assert since is not None  # noqa: S101 - said above where it is not
    if until is not None and until < since:
        raise InvalidInput.at("scope.until", "must not be before the start")
    return since, until
