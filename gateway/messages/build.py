"""Build the FHIR R4 message Bundle of a fact, through the R4B models of fhir.resources."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import orjson
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.consent import Consent

from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Event,
    FactMessage,
    HouseholdFact,
    HouseholdMember,
    InvolvementFact,
    MergeFact,
    Oin,
    Subject,
    oin_urn,
)
from gateway.messages import codes

_ENTRY_NAMESPACE = uuid.UUID("6f1c1d3e-6a0d-5f0f-9d3c-6c7f4f0a4d11")

Json = dict[str, Any]


def build_bundle(message: FactMessage) -> bytes:
    """Return the message as compact JSON: the same bytes for the same message.

    Every entry is reachable from `MessageHeader.focus`. The bytes are what is signed.
    """
    urls = _Urls(message)
    focus, persons = _focus(message, urls)
    bundle = {
        "resourceType": "Bundle",
        "meta": _meta("message"),
        "identifier": {"system": codes.message_system(message.id.source), "value": message.id.id},
        "type": "message",
        "timestamp": _instant(message.recorded_at),
        "entry": [
            {"fullUrl": urls.of("header"), "resource": _header(message, urls)},
            {"fullUrl": urls.of("focus"), "resource": focus},
            *({"fullUrl": urls.person(person), "resource": _patient(person)} for person in persons),
        ],
    }
    return orjson.dumps(Bundle.model_validate(bundle).model_dump(mode="json", exclude_none=True))


class _Urls:
    """Gives every entry of one message a fullUrl that follows from the message id."""

    def __init__(self, message: FactMessage) -> None:
        self._seed = f"{message.id.source}/{message.id.id}"

    def of(self, name: str) -> str:
        return f"urn:uuid:{uuid.uuid5(_ENTRY_NAMESPACE, f'{self._seed}/{name}')}"

    def person(self, person: Subject) -> str:
        return self.of("/".join(["person", *(each.text() for each in person.pseudonyms)]))


def _focus(message: FactMessage, urls: _Urls) -> tuple[Json, list[Subject]]:
    match message.fact:
        case InvolvementFact() as fact:
            return _episode(fact, urls), [fact.subject]
        case HouseholdFact() as fact:
            return _group(fact, urls), list(dict.fromkeys(member.subject for member in fact.members))
        case ConsentFact() as fact:
            patient = {"reference": urls.person(fact.subject)}
            return _consent(fact, patient), [fact.subject]
        case MergeFact() as fact:
            return _surviving(fact, urls), [fact.old]


def _header(message: FactMessage, urls: _Urls) -> Json:
    return {
        "resourceType": "MessageHeader",
        "meta": _meta("message-header"),
        "eventCoding": _coding(codes.EVENT_SYSTEM, Event(message.event).value),
        "source": {"endpoint": oin_urn(message.id.source)},
        "focus": [{"reference": urls.of("focus")}],
    }


def _patient(person: Subject) -> Json:
    return {
        "resourceType": "Patient",
        "meta": _meta(codes.PATIENT_PROFILE),
        "identifier": _pseudonyms(person),
    }


def _surviving(fact: MergeFact, urls: _Urls) -> Json:
    """Return the Patient that goes on, with the link of R4 to the one that was merged into it."""
    return {
        "resourceType": "Patient",
        "meta": _meta(codes.MERGE_PROFILE),
        "identifier": [_own_identifier(fact.partner, fact.reference), *_pseudonyms(fact.new)],
        "managingOrganization": _organization(fact.partner),
        "link": [{"other": {"reference": urls.person(fact.old)}, "type": codes.LINK_REPLACES}],
    }


def _pseudonyms(person: Subject) -> list[Json]:
    return [{"system": codes.PSEUDONYM_SYSTEM, "value": each.text()} for each in person.pseudonyms]


def _episode(fact: InvolvementFact, urls: _Urls) -> Json:
    labels = [_coding(codes.CONFIDENTIALITY_SYSTEM, fact.secrecy.value)]
    if fact.shielded:
        labels.append(_coding(codes.HANDLING_SYSTEM, codes.HANDLING_SHIELDED))
    return {
        "resourceType": "EpisodeOfCare",
        "meta": _meta("involvement") | {"security": labels},
        "identifier": [_own_identifier(fact.partner, fact.reference)],
        "status": codes.STATUS_OF_PHASE[fact.phase],
        "team": [{"identifier": {"system": codes.desk_system(fact.partner), "value": fact.desk}}],
        "patient": {"reference": urls.person(fact.subject)},
        "managingOrganization": _organization(fact.partner),
        "period": _period(fact),
    }


def _group(fact: HouseholdFact, urls: _Urls) -> Json:
    meta = _meta("household")
    if fact.suppressed:
        meta["security"] = [_coding(codes.HANDLING_SYSTEM, codes.HANDLING_SUPPRESSED)]
    group: Json = {
        "resourceType": "Group",
        "meta": meta,
        "identifier": [_own_identifier(fact.partner, fact.reference)],
        "type": "person",
        "actual": True,
        "managingEntity": _organization(fact.partner),
    }
    if fact.members:
        group["member"] = [_member(member, urls) for member in fact.members]
    return group


def _member(member: HouseholdMember, urls: _Urls) -> Json:
    entry: Json = {"entity": {"reference": urls.person(member.subject)}}
    if member.role is not None:
        entry["extension"] = [{"url": codes.HOUSEHOLD_ROLE_EXTENSION, "valueCode": member.role}]
    if period := _period(member):
        entry["period"] = period
    return entry


def build_statement(fact: ConsentFact, person: Subject) -> bytes:
    """Return the statement as a FHIR Consent on its own (profile `consent-statement`), as compact JSON.

    `person` is who it is about as whoever gets it names them: its newest pseudonym stands in it.
    """
    patient = {"identifier": _pseudonyms(person)[-1]}
    consent = _consent(fact, patient, profile=codes.STATEMENT_PROFILE)
    return orjson.dumps(Consent.model_validate(consent).model_dump(mode="json", exclude_none=True))


def _consent(fact: ConsentFact, patient: Json, *, profile: str = codes.CONSENT_PROFILE) -> Json:
    return {
        "resourceType": "Consent",
        "meta": _meta(profile),
        "identifier": [_own_identifier(fact.partner, fact.reference)],
        "status": codes.consent_status(fact),
        "scope": _concept(codes.CONSENT_SCOPE_SYSTEM, "patient-privacy"),
        "category": [
            _concept(codes.ACT_CODE_SYSTEM, codes.DISCLOSURE),
            _concept(codes.DECIDER_SYSTEM, fact.decided_by.value),
        ],
        "patient": patient,
        "organization": [_organization(fact.partner)],
        "policyRule": _concept(codes.POLICY_SYSTEM, codes.POLICY_CONVENANT),
        "provision": {
            "type": "deny" if fact.effect is ConsentEffect.OBJECT else "permit",
            "period": _period(fact),
            "actor": [
                *_actors(codes.ROLE_HOLDER, codes.KIND_SYSTEM, fact.holder_kinds),
                *_actors(codes.ROLE_HOLDER, codes.OIN_SYSTEM, fact.holders),
                *_actors(codes.ROLE_ASKER, codes.KIND_SYSTEM, fact.asking_kinds),
                *_actors(codes.ROLE_ASKER, codes.OIN_SYSTEM, fact.askers),
            ],
            "purpose": [_coding(codes.PURPOSE_SYSTEM, purpose) for purpose in sorted(fact.purposes)],
        },
    }


def _actors(role: str, system: str, values: Collection[str]) -> list[Json]:
    return [
        {
            "role": _concept(codes.ACTOR_ROLE_SYSTEM, role),
            "reference": {"identifier": {"system": system, "value": value}},
        }
        for value in sorted(values)
    ]


def _period(dated: InvolvementFact | HouseholdMember | ConsentFact) -> Json:
    period = {"start": dated.since, "end": dated.until}
    return {name: day.isoformat() for name, day in period.items() if day is not None}


def _instant(moment: datetime) -> str:
    """Return the moment in UTC: messages that are equal have the same bytes, whatever zone their time came in."""
    return moment.astimezone(UTC).isoformat()


def _meta(name: str) -> Json:
    return {"profile": [codes.profile(name)]}


def _coding(system: str, code: str) -> Json:
    return {"system": system, "code": code}


def _concept(system: str, code: str) -> Json:
    return {"coding": [_coding(system, code)]}


def _organization(oin: Oin) -> Json:
    return {"identifier": {"system": codes.OIN_SYSTEM, "value": oin}}


def _own_identifier(oin: Oin, reference: str) -> Json:
    return {"system": codes.reference_system(oin), "value": reference}
