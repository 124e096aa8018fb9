"""Read a message Bundle back into the fact it carries: closed profile first, then R4, then what must agree."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from fhir.resources.R4B.bundle import Bundle
from pydantic import ValidationError

from gateway.domain import (
    ConsentEffect,
    ConsentFact,
    Event,
    Fact,
    FactMessage,
    HouseholdFact,
    HouseholdMember,
    InvolvementFact,
    MergeFact,
    MessageId,
    Oin,
    Pseudonym,
    Reference,
    SecrecyClass,
    Subject,
    parse_oin_urn,
)
from gateway.errors import InvalidInput, MessageRejected, RejectionReason, Violation
from gateway.messages import codes
from gateway.messages.parse_consent import agrees, check_status, decider_in, kinds_in, organisations_in
from gateway.messages.profile import read_closed

Json = dict[str, Any]

_HEADER_PATH = "Bundle.entry[0].resource"
_ORGANIZATION_OF = {
    InvolvementFact: "managingOrganization",
    HouseholdFact: "managingEntity",
    ConsentFact: "organization[0]",
    MergeFact: "managingOrganization",
}
_SURVIVING = "Patient that replaces another"
"""What a merge has in focus; every other Patient stands for a person and no more."""
_MANAGING = "must name the OIN of the managing organization"


def parse_bundle(value: bytes) -> FactMessage:
    """Return the message in the bytes of a Bundle.

    Guarantees that nothing but what the profile lists was in it, that it is valid R4, that every entry is
    reachable from the focus, and that event and fact say the same.

    Raises:
        MessageRejected: NOT_JSON, PROFILE, UNKNOWN_EVENT or ORIGIN, with the path of every element from the
            Bundle down, as FHIRPath writes it.

    """
    document = read_closed(value)
    try:
        Bundle.model_validate(document)
    except ValidationError as error:
        paths = {_element_path(item["loc"]) for item in error.errors()}
        raise _profile(*(Violation(path, "is not valid FHIR R4") for path in sorted(paths))) from None
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
            raise _profile(Violation(_HEADER_PATH, "must be the MessageHeader"))
        self._used.add(self._document["entry"][0]["fullUrl"])
        source = parse_oin_urn(header["source"]["endpoint"], path=f"{_HEADER_PATH}.source.endpoint")
        event = Event(header["eventCoding"]["code"])
        focus_url = header["focus"][0]["reference"]
        fact = self._fact(event, focus_url)
        self._check_all_used()
        self._check_origin(source, fact, self._paths[focus_url])
        return FactMessage(
            id=MessageId(source, self._document["identifier"]["value"]),
            event=event,
            recorded_at=_instant(self._document["timestamp"]),
            fact=fact,
        )

    def _fact(self, event: Event, focus_url: str) -> Fact:
        focuses = {"EpisodeOfCare", "Group", "Consent", _SURVIVING}
        focus = self._follow(focus_url, focuses, f"{_HEADER_PATH}.focus[0]")
        path = self._paths[focus_url]
        fact: Fact
        match focus["resourceType"]:
            case "EpisodeOfCare":
                fact = self._involvement(focus, path)
                fits = fact.phase in codes.PHASES_OF_EVENT.get(event, set())
            case "Group":
                fact = self._household(focus, path)
                fits = event is Event.HOUSEHOLD_ASSERTED
            case "Patient":
                fact = self._merge(event, focus, path)
                fits = event in {Event.SUBJECT_MERGED, Event.SUBJECT_MERGE_UNDONE}
            case _:
                fact = self._consent(event, focus, path)
                fits = event in codes.EFFECT_OF_EVENT and agrees(focus, fact)
        if not fits:
            raise _profile(
                Violation(f"{_HEADER_PATH}.eventCoding.code", "does not fit the resource in focus")
            )
        return fact

    def _involvement(self, episode: Json, path: str) -> InvolvementFact:
        oin = _oin(episode["managingOrganization"])
        secrecy, shielded = _labels(episode, path)
        return InvolvementFact(
            partner=oin,
            reference=_own(episode, codes.reference_system(oin), path),
            subject=self._person(episode["patient"]["reference"], f"{path}.patient"),
            phase=codes.PHASE_OF_STATUS[episode["status"]],
            since=_since(episode["period"], f"{path}.period"),
            until=_until(episode["period"], f"{path}.period"),
            desk=_desk(episode, oin, path),
            secrecy=secrecy,
            shielded=shielded,
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
            since=_since(period, f"{path}.period") if "start" in period else None,
            until=_until(period, f"{path}.period"),
        )

    def _consent(self, event: Event, consent: Json, path: str) -> ConsentFact:
        oin = _oin(consent["organization"][0])
        provision = consent["provision"]
        fact = ConsentFact(
            partner=oin,
            reference=_own(consent, codes.reference_system(oin), path),
            subject=self._person(consent["patient"]["reference"], f"{path}.patient"),
            effect=codes.EFFECT_OF_EVENT.get(event, ConsentEffect.OBJECT),
            decided_by=decider_in(consent, path),
            holder_kinds=kinds_in(provision, codes.ROLE_HOLDER, path),
            asking_kinds=kinds_in(provision, codes.ROLE_ASKER, path),
            holders=organisations_in(provision, codes.ROLE_HOLDER, path),
            askers=organisations_in(provision, codes.ROLE_ASKER, path),
            purposes=frozenset(purpose["code"] for purpose in provision["purpose"]),
            since=_since(provision["period"], f"{path}.provision.period"),
            until=_until(provision["period"], f"{path}.provision.period"),
        )
        check_status(consent, fact, path)
        return fact

    def _merge(self, event: Event, patient: Json, path: str) -> MergeFact:
        oin = _oin(patient["managingOrganization"])
        own = [each for each in patient["identifier"] if each["system"] != codes.PSEUDONYM_SYSTEM]
        if len(own) != 1:
            raise _profile(Violation(f"{path}.identifier", "must hold the reference of the merge once"))
        old = self._person(patient["link"][0]["other"]["reference"], f"{path}.link[0].other")
        new = _subject(patient, path)
        if old.overlaps(new):
            raise _profile(Violation(f"{path}.link[0].other", "must be another person"))
        return MergeFact(
            partner=oin,
            reference=_own({"identifier": own}, codes.reference_system(oin), path),
            old=old,
            new=new,
            undone=event is Event.SUBJECT_MERGE_UNDONE,
        )

    def _person(self, url: str, path: str) -> Subject:
        return _subject(self._follow(url, {"Patient"}, path), self._paths[url])

    def _follow(self, url: str, types: set[str], path: str) -> Json:
        resource = self._resources.get(url)
        if resource is None or _type_of(resource) not in types:
            raise _profile(Violation(path, f"must refer to a {' or '.join(sorted(types))} in this Bundle"))
        self._used.add(url)
        return resource

    def _check_all_used(self) -> None:
        unused = [path for url, path in self._paths.items() if url not in self._used]
        if unused:
            raise _profile(*(Violation(path, "is not reachable from MessageHeader.focus") for path in unused))

    def _check_origin(self, source: Oin, fact: Fact, path: str) -> None:
        rule = "must name the same OIN as MessageHeader.source"
        if fact.partner != source:
            raise _origin(f"{path}.{_ORGANIZATION_OF[type(fact)]}.identifier.value", rule)
        if self._document["identifier"]["system"] != codes.message_system(source):
            raise _origin("Bundle.identifier.system", rule)


def _type_of(resource: Json) -> str:
    """Return the type of a resource; a Patient that replaces another is a type of its own."""
    if resource["meta"]["profile"] == [codes.profile(codes.MERGE_PROFILE)]:
        return _SURVIVING
    type_: str = resource["resourceType"]
    return type_


def _subject(patient: Json, path: str) -> Subject:
    place = f"{path}.identifier"
    return Subject(
        *(
            Pseudonym.parse(identifier["value"], path=f"{place}[{index}].value")
            for index, identifier in enumerate(patient["identifier"])
            if identifier["system"] == codes.PSEUDONYM_SYSTEM
        ),
        path=place,
    )


def _own(resource: Json, system: str, path: str) -> Reference:
    identifier = resource["identifier"][0]
    if identifier["system"] != system:
        raise _origin(f"{path}.identifier[0].system", _MANAGING)
    return Reference(identifier["value"])


def _desk(episode: Json, oin: Oin, path: str) -> str:
    identifier = episode["team"][0]["identifier"]
    if identifier["system"] != codes.desk_system(oin):
        raise _origin(f"{path}.team[0].identifier.system", _MANAGING)
    code: str = identifier["value"]
    return code


def _oin(organization: Json) -> Oin:
    return Oin(organization["identifier"]["value"])


def _labels(episode: Json, path: str) -> tuple[SecrecyClass, bool]:
    """Return the secrecy class and whether the involvement is shielded."""
    labels = [label["code"] for label in episode["meta"]["security"]]
    secrecy = [code for code in labels if code != codes.HANDLING_SHIELDED]
    if len(secrecy) != 1:
        raise _profile(Violation(f"{path}.meta.security", "must hold one confidentiality code"))
    return SecrecyClass(secrecy[0]), codes.HANDLING_SHIELDED in labels


def _since(period: Json, path: str) -> date:
    return _date(period["start"], f"{path}.start")


def _until(period: Json, path: str) -> date | None:
    """Return the last day; it may not be before the first."""
    if "end" not in period:
        return None
    until = _date(period["end"], f"{path}.end")
    if "start" in period and until < _since(period, path):
        raise _profile(Violation(f"{path}.end", "must not be before the start"))
    return until


def _date(value: str, path: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise _profile(Violation(path, "is not a day of the calendar")) from None


def _instant(value: str) -> datetime:
    try:
        # In UTC, so that whoever stores it need not: the first and last hours of the calendar have no UTC.
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _profile(Violation("Bundle.timestamp", "is not a moment of the calendar")) from None


def _element_path(location: tuple[int | str, ...]) -> str:
    """Return a place in the document as a path: `Bundle.entry[1].resource.period.start`."""
    return "Bundle" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def _origin(path: str, rule: str) -> MessageRejected:
    return MessageRejected(RejectionReason.ORIGIN, Violation(path, rule))


def _profile(*broken: Violation) -> MessageRejected:
    return MessageRejected(RejectionReason.PROFILE, broken)
