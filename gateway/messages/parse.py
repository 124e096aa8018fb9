"""Read a message Bundle back into the fact it carries: closed profile first, then R4, then what must agree."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from fhir.resources.R4B.bundle import Bundle
from pydantic import ValidationError

from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Decider,
    Event,
    Fact,
    FactMessage,
    HouseholdFact,
    HouseholdMember,
    InvolvementFact,
    MessageId,
    Oin,
    PartnerKind,
    Pseudonym,
    Reference,
    SecrecyClass,
    parse_oin_urn,
)
from gateway.errors import InvalidInput, MessageRejected, RejectionReason, Violation
from gateway.messages import codes
from gateway.messages.profile import read_closed

Json = dict[str, Any]


def parse_bundle(value: bytes) -> FactMessage:
    """Return the message in the bytes of a Bundle.

    Guarantees that nothing but what the profile lists was in it, that it is valid R4, that every entry is
    reachable from the focus, and that event and fact say the same.

    Raises:
        MessageRejected: NOT_JSON, PROFILE or ORIGIN, with element paths.

    """
    document = read_closed(value)
    try:
        Bundle.model_validate(document)
    except ValidationError as error:
        paths = {".".join(str(part) for part in item["loc"]) for item in error.errors()}
        raise _profile(
            *(Violation(f"Bundle.{path}", "is not valid FHIR R4") for path in sorted(paths))
        ) from None
    try:
        return _Reader(document).message()
    except InvalidInput as error:
        if isinstance(error, MessageRejected):
            raise
        raise MessageRejected(RejectionReason.PROFILE, error.violations) from None


class _Reader:
    """Reads one Bundle whose elements have been checked, so that every path exists."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._paths: dict[str, str] = {}
        self._resources: dict[str, Json] = {}
        for index, entry in enumerate(document["entry"]):
            self._resources[entry["fullUrl"]] = entry["resource"]
            self._paths[entry["fullUrl"]] = f"Bundle.entry[{index}].resource"
        if len(self._resources) != len(document["entry"]):
            raise _profile(Violation("Bundle.entry", "must have every fullUrl once"))
        self._used: set[str] = set()

    def message(self) -> FactMessage:
        header = self._document["entry"][0]["resource"]
        if header["resourceType"] != "MessageHeader":
            raise _profile(Violation("Bundle.entry[0].resource", "must be the MessageHeader"))
        self._used.add(self._document["entry"][0]["fullUrl"])
        source = parse_oin_urn(header["source"]["endpoint"], path="MessageHeader.source.endpoint")
        event = Event(header["eventCoding"]["code"])
        fact = self._fact(event, header["focus"][0]["reference"])
        self._check_all_used()
        self._check_origin(source, fact)
        return FactMessage(
            id=MessageId(source, self._document["identifier"]["value"]),
            event=event,
            recorded_at=_instant(self._document["timestamp"]),
            fact=fact,
        )

    def _fact(self, event: Event, focus_url: str) -> Fact:
        focus = self._follow(focus_url, {"EpisodeOfCare", "Group", "Consent"}, "MessageHeader.focus[0]")
        path = self._paths[focus_url]
        fact: Fact
        match focus["resourceType"]:
            case "EpisodeOfCare":
                fact = self._involvement(focus, path)
                fits = fact.phase in codes.PHASES_OF_EVENT.get(event, set())
            case "Group":
                fact = self._household(focus, path)
                fits = event is Event.HOUSEHOLD_ASSERTED
            case _:
                fact = self._consent(event, focus, path)
                fits = event in codes.EFFECT_OF_EVENT and _consent_agrees(fact, focus)
        if not fits:
            raise _profile(Violation("MessageHeader.eventCoding.code", "does not fit the resource in focus"))
        return fact

    def _involvement(self, episode: Json, path: str) -> InvolvementFact:
        oin = _oin(episode["managingOrganization"])
        security = {label["code"] for label in episode["meta"]["security"]}
        secrecy = security & {item.value for item in SecrecyClass}
        if len(secrecy) != 1:
            raise _profile(Violation(f"{path}.meta.security", "must hold one confidentiality code"))
        return InvolvementFact(
            partner=oin,
            reference=_own(episode, codes.reference_system(oin), path),
            subject=self._person(episode["patient"]["reference"], f"{path}.patient"),
            phase=codes.PHASE_OF_STATUS[episode["status"]],
            since=_date(episode["period"]["start"], f"{path}.period.start"),
            until=_optional_date(episode["period"], "end", path),
            desk=_desk(episode, oin, path),
            secrecy=SecrecyClass(secrecy.pop()),
            shielded=codes.HANDLING_SHIELDED in security,
        )

    def _household(self, group: Json, path: str) -> HouseholdFact:
        oin = _oin(group["managingEntity"])
        return HouseholdFact(
            partner=oin,
            reference=_own(group, codes.reference_system(oin), path),
            members=tuple(
                self._member(member, f"{path}.member[{index}]")
                for index, member in enumerate(group.get("member", ()))
            ),
            suppressed="security" in group["meta"],
        )

    def _member(self, member: Json, path: str) -> HouseholdMember:
        period = member.get("period", {})
        return HouseholdMember(
            subject=self._person(member["entity"]["reference"], f"{path}.entity"),
            role=member["extension"][0]["valueCode"] if "extension" in member else None,
            since=_optional_date(period, "start", path),
            until=_optional_date(period, "end", path),
        )

    def _consent(self, event: Event, consent: Json, path: str) -> ConsentFact:
        oin = _oin(consent["organization"][0])
        provision = consent["provision"]
        return ConsentFact(
            partner=oin,
            reference=_own(consent, codes.reference_system(oin), path),
            subject=self._person(consent["patient"]["reference"], f"{path}.patient"),
            effect=codes.EFFECT_OF_EVENT.get(event, ConsentEffect.OBJECT),
            decided_by=_decider(consent, path),
            holder_kinds=_kinds(provision, codes.ROLE_HOLDER),
            asking_kinds=_kinds(provision, codes.ROLE_ASKER),
            purposes=frozenset(purpose["code"] for purpose in provision["purpose"]),
            since=_date(provision["period"]["start"], f"{path}.provision.period.start"),
            until=_optional_date(provision["period"], "end", f"{path}.provision"),
        )

    def _person(self, url: str, path: str) -> Pseudonym:
        patient = self._follow(url, {"Patient"}, path)
        return Pseudonym.from_hex(
            patient["identifier"][0]["value"], path=f"{self._paths[url]}.identifier[0].value"
        )

    def _follow(self, url: str, types: set[str], path: str) -> Json:
        resource = self._resources.get(url)
        if resource is None or resource["resourceType"] not in types:
            raise _profile(Violation(path, f"must refer to a {' or '.join(sorted(types))} in this Bundle"))
        self._used.add(url)
        return resource

    def _check_all_used(self) -> None:
        unused = [path for url, path in self._paths.items() if url not in self._used]
        if unused:
            raise _profile(*(Violation(path, "is not reachable from MessageHeader.focus") for path in unused))

    def _check_origin(self, source: Oin, fact: Fact) -> None:
        message_system = self._document["identifier"]["system"]
        if fact.partner != source or message_system != codes.message_system(source):
            raise MessageRejected(
                RejectionReason.ORIGIN,
                Violation("managingOrganization", "must name the same OIN as MessageHeader.source"),
            )


def _consent_agrees(fact: ConsentFact, consent: Json) -> bool:
    withdrawn = fact.effect is ConsentEffect.WITHDRAWN
    denies = fact.effect is ConsentEffect.OBJECT
    return (consent["status"] == "inactive") is withdrawn and (
        consent["provision"]["type"] == "deny"
    ) is denies


def _own(resource: Json, system: str, path: str) -> Reference:
    identifier = resource["identifier"][0]
    if identifier["system"] != system:
        raise MessageRejected(
            RejectionReason.ORIGIN,
            Violation(f"{path}.identifier[0].system", "must name the OIN of the managing organization"),
        )
    return Reference(identifier["value"])


def _desk(episode: Json, oin: Oin, path: str) -> str:
    identifier = episode["team"][0]["identifier"]
    if identifier["system"] != codes.desk_system(oin):
        raise MessageRejected(
            RejectionReason.ORIGIN,
            Violation(f"{path}.team[0].identifier.system", "must name the OIN of the managing organization"),
        )
    code: str = identifier["value"]
    return code


def _oin(organization: Json) -> Oin:
    return Oin(organization["identifier"]["value"])


def _kinds(provision: Json, role: str) -> frozenset[PartnerKind]:
    return frozenset(
        PartnerKind(actor["reference"]["identifier"]["value"])
        for actor in provision["actor"]
        if actor["role"]["coding"][0]["code"] == role
    )


def _decider(consent: Json, path: str) -> Decider:
    found = [
        category["coding"][0]["code"]
        for category in consent["category"]
        if category["coding"][0]["system"] == codes.DECIDER_SYSTEM
    ]
    if len(found) != 1 or found[0] not in set(Decider):
        raise _profile(Violation(f"{path}.category", "must name the decider once"))
    return Decider(found[0])


def _date(value: str, path: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise _profile(Violation(path, "is not a day of the calendar")) from None


def _optional_date(period: Json, name: str, path: str) -> date | None:
    return _date(period[name], f"{path}.period.{name}") if name in period else None


def _instant(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise _profile(Violation("Bundle.timestamp", "is not a moment of the calendar")) from None


def _profile(*broken: Violation) -> MessageRejected:
    return MessageRejected(RejectionReason.PROFILE, broken)
