"""Golden messages: the facts behind `tests/vectors/messages`, and how the files are written.

`python -m tests.messages.vectors` writes them anew after a deliberate change of the profile.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson

from gateway.domain import (
    ConsentEffect,
    Decider,
    Event,
    FactMessage,
    HouseholdMember,
    MessageId,
    PartnerKind,
    Phase,
    Reference,
    SecrecyClass,
)
from gateway.domain.consenting import MOST_ORGANISATIONS
from gateway.errors import RejectionReason
from gateway.messages import codes
from gateway.messages.build import build_bundle
from tests.support.facts import (
    OIN_GGZ,
    OIN_POLITIE,
    OIN_VT,
    consent,
    household,
    involvement,
    merge,
    message,
    person,
)

FOLDER = Path(__file__).parents[1] / "vectors" / "messages"
PLANTED = "PLANTED text of a case"


def _numbered(number: int, fact: Any, **changes: Any) -> FactMessage:
    id_ = MessageId(fact.partner, f"019a0000-0000-7000-8000-{number:012d}")
    return message(fact, id=id_, recorded_at=datetime(2026, 3, 2, 12, 0, number, tzinfo=UTC), **changes)


VALID: dict[str, FactMessage] = {
    "involvement-started": _numbered(1, involvement(OIN_VT, "anna")),
    "involvement-started-provisional": _numbered(2, involvement(OIN_VT, "anna", phase=Phase.PROVISIONAL)),
    "involvement-started-shielded": _numbered(
        3, involvement(OIN_GGZ, "bram", shielded=True, secrecy=SecrecyClass.VERY_RESTRICTED)
    ),
    "involvement-updated": _numbered(
        4, involvement(OIN_POLITIE, "carla", until=date(2027, 1, 15)), event=Event.INVOLVEMENT_UPDATED
    ),
    "involvement-ended": _numbered(
        5, involvement(OIN_GGZ, "bram", phase=Phase.ENDED, until=date(2026, 2, 1))
    ),
    "involvement-retracted": _numbered(6, involvement(OIN_VT, "anna", phase=Phase.RETRACTED)),
    "household-asserted": _numbered(
        7,
        household(
            OIN_VT,
            "anna",
            members=(
                HouseholdMember(subject=person("anna"), role="MTH", since=date(2020, 5, 1)),
                HouseholdMember(subject=person("bram"), role="CHILD"),
                HouseholdMember(subject=person("carla"), until=date(2026, 1, 31)),
            ),
        ),
    ),
    "household-asserted-suppressed": _numbered(8, household(OIN_VT, "anna", "bram", suppressed=True)),
    "household-asserted-without-members": _numbered(
        9, household(OIN_VT, members=(), reference=Reference("ended-household"))
    ),
    "consent-given": _numbered(10, consent(OIN_GGZ, "bram", holder="ggz", asking="politie")),
    "consent-objected": _numbered(
        11, consent(OIN_GGZ, "bram", holder="ggz", asking="politie", effect=ConsentEffect.OBJECT)
    ),
    "consent-withdrawn": _numbered(
        12,
        consent(
            OIN_GGZ,
            "bram",
            holder="ggz",
            asking="politie",
            effect=ConsentEffect.WITHDRAWN,
            decided_by=Decider.SUBJECT_AND_AUTHORITY_HOLDERS,
            until=date(2027, 3, 1),
        ),
    ),
    "consent-given-to-organisations": _numbered(
        16,
        consent(
            OIN_GGZ,
            "bram",
            holder="ggz",
            asking="politie",
            holders=frozenset({OIN_GGZ}),
            askers=frozenset({OIN_POLITIE, OIN_VT}),
            asking_kinds=frozenset({PartnerKind("politie"), PartnerKind("veilig_thuis")}),
            decided_by=Decider.AUTHORITY_HOLDERS,
            until=date(2030, 5, 3),
        ),
    ),
    "consent-given-by-nobody-knows-whom": _numbered(
        17, consent(OIN_GGZ, "bram", holder="ggz", asking="politie", decided_by=Decider.UNDETERMINED)
    ),
    "consent-objected-by-nobody-knows-whom": _numbered(
        18,
        consent(
            OIN_GGZ,
            "bram",
            holder="ggz",
            asking="politie",
            effect=ConsentEffect.OBJECT,
            decided_by=Decider.UNDETERMINED,
        ),
    ),
    "involvement-started-under-two-epochs": _numbered(
        13, involvement(OIN_VT, "anna", subject=person("anna", 1, 2))
    ),
    "subject-merged": _numbered(14, merge(OIN_GGZ, "anna", "bram", new=person("bram", 1, 2))),
    "subject-merge-undone": _numbered(15, merge(OIN_GGZ, "anna", "bram", undone=True)),
}

EXPECTED = FOLDER / "expected.json"
"""For other implementations: of every invalid message the reason and the path that must be named."""

Edit = Callable[[dict[str, Any]], None]


def _focus(body: dict[str, Any]) -> dict[str, Any]:
    resource: dict[str, Any] = body["entry"][1]["resource"]
    return resource


def _patient(body: dict[str, Any]) -> dict[str, Any]:
    resource: dict[str, Any] = body["entry"][2]["resource"]
    return resource


def _organisation(body: dict[str, Any]) -> dict[str, Any]:
    """Return the identifier of the holder that a consent names beside its kind."""
    identifier: dict[str, Any] = _focus(body)["provision"]["actor"][1]["reference"]["identifier"]
    return identifier


def _holder(oin: str) -> dict[str, Any]:
    return {
        "role": {"coding": [{"system": codes.ACTOR_ROLE_SYSTEM, "code": codes.ROLE_HOLDER}]},
        "reference": {"identifier": {"system": codes.OIN_SYSTEM, "value": oin}},
    }


def _of_another(episode: dict[str, Any]) -> None:
    """Make every part of the involvement another partner's; only the MessageHeader still names the sender."""
    episode["managingOrganization"]["identifier"]["value"] = OIN_GGZ
    episode["identifier"][0]["system"] = codes.reference_system(OIN_GGZ)
    episode["team"][0]["identifier"]["system"] = codes.desk_system(OIN_GGZ)


def _merge_of_another(patient: dict[str, Any]) -> None:
    patient["managingOrganization"]["identifier"]["value"] = OIN_VT
    patient["identifier"][0]["system"] = codes.reference_system(OIN_VT)


INVALID: dict[str, tuple[str, Edit, str]] = {
    # name: the valid message it is made of, what is wrong, the path that must be named
    "narrative": (
        "involvement-started",
        lambda body: _focus(body).update(
            text={"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{PLANTED}</div>'}
        ),
        "Bundle.entry[1].resource.text",
    ),
    "diagnosis": (
        "involvement-started",
        lambda body: _focus(body).update(diagnosis=[{"condition": {"display": PLANTED}}]),
        "Bundle.entry[1].resource.diagnosis",
    ),
    "patient-name": (
        "involvement-started",
        lambda body: _patient(body).update(name=[{"text": PLANTED}]),
        "Bundle.entry[2].resource.name",
    ),
    "patient-birth-date": (
        "involvement-started",
        lambda body: _patient(body).update(birthDate="2019-01-01"),
        "Bundle.entry[2].resource.birthDate",
    ),
    "patient-address": (
        "involvement-started",
        lambda body: _patient(body).update(address=[{"text": PLANTED}]),
        "Bundle.entry[2].resource.address",
    ),
    "second-identifier": (
        "involvement-started",
        lambda body: _patient(body)["identifier"].append(
            {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999993653"}
        ),
        "Bundle.entry[2].resource.identifier[1].system",
    ),
    "one-epoch-twice": (
        "involvement-started",
        lambda body: _patient(body)["identifier"].append(
            _patient(body)["identifier"][0] | {"value": "1:" + "0" * 64}
        ),
        "Bundle.entry[2].resource.identifier",
    ),
    "pseudonym-without-epoch": (
        "involvement-started",
        lambda body: _patient(body)["identifier"][0].update(value="0" * 64),
        "Bundle.entry[2].resource.identifier[0].value",
    ),
    "bsn-for-pseudonym": (
        "involvement-started",
        lambda body: _patient(body)["identifier"][0].update(value="999993653"),
        "Bundle.entry[2].resource.identifier[0].value",
    ),
    "display": (
        "involvement-started",
        lambda body: _focus(body)["managingOrganization"].update(display=PLANTED),
        "Bundle.entry[1].resource.managingOrganization.display",
    ),
    "note-in-desk": (
        "involvement-started",
        lambda body: _focus(body)["team"][0]["identifier"].update(value=PLANTED),
        "Bundle.entry[1].resource.team[0].identifier.value",
    ),
    "unknown-status": (
        "involvement-started",
        lambda body: _focus(body).update(status="somewhat-active"),
        "Bundle.entry[1].resource.status",
    ),
    "day-that-does-not-exist": (
        "involvement-started",
        lambda body: _focus(body)["period"].update(start="2026-02-30"),
        "Bundle.entry[1].resource.period.start",
    ),
    "extra-resource": (
        "involvement-started",
        lambda body: body["entry"].append(
            {
                "fullUrl": "urn:uuid:019a0000-0000-7000-8000-0000000000ff",
                "resource": {"resourceType": "Observation", "status": "final", "code": {"text": PLANTED}},
            }
        ),
        "Bundle.entry[3].resource.resourceType",
    ),
    "role-with-text": (
        "household-asserted",
        lambda body: _focus(body)["member"][0]["extension"][0].update(valueCode=PLANTED),
        "Bundle.entry[1].resource.member[0].extension[0].valueCode",
    ),
    "group-name": (
        "household-asserted",
        lambda body: _focus(body).update(name=PLANTED),
        "Bundle.entry[1].resource.name",
    ),
    "period-that-ends-before-it-starts": (
        "involvement-ended",
        lambda body: _focus(body)["period"].update(end="2026-01-01"),
        "Bundle.entry[1].resource.period.end",
    ),
    "extension": (
        "involvement-started",
        lambda body: _focus(body).update(
            extension=[{"url": "https://example.org/remarks", "valueString": PLANTED}]
        ),
        "Bundle.entry[1].resource.extension",
    ),
    "contained": (
        "involvement-started",
        lambda body: _focus(body).update(
            contained=[{"resourceType": "Patient", "name": [{"text": PLANTED}]}]
        ),
        "Bundle.entry[1].resource.contained",
    ),
    "tag": (
        "involvement-started",
        lambda body: _patient(body)["meta"].update(tag=[{"display": PLANTED}]),
        "Bundle.entry[2].resource.meta.tag",
    ),
    "bsn-for-reference": (
        "involvement-started",
        lambda body: _focus(body)["identifier"][0].update(value="999993653"),
        "Bundle.entry[1].resource.identifier[0].value",
    ),
    "purpose-of-its-own": (
        "consent-given",
        lambda body: _focus(body)["provision"]["purpose"][0].update(code="planted-text-of-a-case"),
        "Bundle.entry[1].resource.provision.purpose[0].code",
    ),
    "security-code-of-another-system": (
        "involvement-started",
        lambda body: _focus(body)["meta"]["security"][0].update(code="shielded"),
        "Bundle.entry[1].resource.meta.security[0].code",
    ),
    "patient-deceased": (
        "involvement-started",
        lambda body: _patient(body).update(deceasedBoolean=True),
        "Bundle.entry[2].resource.deceasedBoolean",
    ),
    "unknown-event": (
        "involvement-started",
        lambda body: body["entry"][0]["resource"]["eventCoding"].update(code="involvement-gossiped"),
        "Bundle.entry[0].resource.eventCoding.code",
    ),
    "organization-of-another-partner": (
        "involvement-started",
        lambda body: _of_another(_focus(body)),
        "Bundle.entry[1].resource.managingOrganization.identifier.value",
    ),
    "consent-without-scope": (
        "consent-given",
        lambda body: _focus(body).pop("scope"),
        "Bundle.entry[1].resource.scope",
    ),
    "consent-of-an-unknown-organisation-number": (
        "consent-given-to-organisations",
        lambda body: _organisation(body).update(value="999993653"),
        "Bundle.entry[1].resource.provision.actor[1].reference.identifier.value",
    ),
    "consent-of-a-kind-under-the-system-of-organisations": (
        "consent-given-to-organisations",
        lambda body: _organisation(body).update(value="ggz"),
        "Bundle.entry[1].resource.provision.actor[1].reference.identifier.value",
    ),
    "consent-of-an-actor-of-another-system": (
        "consent-given-to-organisations",
        lambda body: _organisation(body).update(system="http://fhir.nl/fhir/NamingSystem/agb-z"),
        "Bundle.entry[1].resource.provision.actor[1].reference.identifier.system",
    ),
    "consent-that-names-too-many-organisations": (
        "consent-given-to-organisations",
        lambda body: _focus(body)["provision"]["actor"].extend(
            _holder(f"{number:020}") for number in range(MOST_ORGANISATIONS)
        ),
        "Bundle.entry[1].resource.provision.actor",
    ),
    "consent-that-waits-and-is-active": (
        "consent-given-by-nobody-knows-whom",
        lambda body: _focus(body).update(status="active"),
        "Bundle.entry[1].resource.status",
    ),
    "consent-that-is-proposed-and-waits-for-nothing": (
        "consent-given",
        lambda body: _focus(body).update(status="proposed"),
        "Bundle.entry[1].resource.status",
    ),
    "objection-that-is-proposed": (
        "consent-objected-by-nobody-knows-whom",
        lambda body: _focus(body).update(status="proposed"),
        "Bundle.entry[0].resource.eventCoding.code",
    ),
    "consent-of-organisations-alone": (
        "consent-given-to-organisations",
        lambda body: _focus(body)["provision"]["actor"].pop(0),
        "Bundle.entry[1].resource.provision.actor",
    ),
    "consent-source-document": (
        "consent-given",
        lambda body: _focus(body).update(sourceAttachment={"title": PLANTED}),
        "Bundle.entry[1].resource.sourceAttachment",
    ),
    "merge-with-a-name": (
        "subject-merged",
        lambda body: _focus(body).update(name=[{"text": PLANTED}]),
        "Bundle.entry[1].resource.name",
    ),
    "merge-of-a-patient-with-a-bsn": (
        "subject-merged",
        lambda body: _focus(body)["identifier"].append(
            {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999993653"}
        ),
        "Bundle.entry[1].resource.identifier",
    ),
    "merge-with-a-bsn-for-its-reference": (
        "subject-merged",
        lambda body: _focus(body)["identifier"][0].update(value="999993653"),
        "Bundle.entry[1].resource.identifier[0].value",
    ),
    "merge-with-another-link": (
        "subject-merged",
        lambda body: _focus(body)["link"][0].update(type="seealso"),
        "Bundle.entry[1].resource.link[0].type",
    ),
    "merge-with-a-note-at-the-link": (
        "subject-merged",
        lambda body: _focus(body)["link"][0]["other"].update(display=PLANTED),
        "Bundle.entry[1].resource.link[0].other.display",
    ),
    "merge-without-a-reference": (
        "subject-merged",
        lambda body: _focus(body)["identifier"].pop(0),
        "Bundle.entry[1].resource.identifier",
    ),
    "merge-with-oneself": (
        "subject-merged",
        lambda body: _patient(body).update(identifier=_focus(body)["identifier"][1:]),
        "Bundle.entry[1].resource.link[0].other",
    ),
    "merge-of-another-partner": (
        "subject-merged",
        lambda body: _merge_of_another(_focus(body)),
        "Bundle.entry[1].resource.managingOrganization.identifier.value",
    ),
    "link-in-an-ordinary-patient": (
        "involvement-started",
        lambda body: _patient(body).update(
            link=[{"other": {"reference": body["entry"][2]["fullUrl"]}, "type": "replaces"}]
        ),
        "Bundle.entry[2].resource.link",
    ),
}


REASONS = {
    "unknown-event": RejectionReason.UNKNOWN_EVENT,
    "organization-of-another-partner": RejectionReason.ORIGIN,
    "merge-of-another-partner": RejectionReason.ORIGIN,
}
"""The reasons that are not PROFILE."""


def invalid(name: str) -> bytes:
    """Return an invalid message."""
    base, edit, _ = INVALID[name]
    body = orjson.loads(build_bundle(VALID[base]))
    edit(body)
    return orjson.dumps(body)


def reason_of(name: str) -> RejectionReason:
    """Return why an invalid message is refused."""
    return REASONS.get(name, RejectionReason.PROFILE)


def files() -> dict[Path, bytes]:
    """Return every file of the vectors with its content."""
    expected = {name: {"reason": reason_of(name), "path": path} for name, (_, _, path) in INVALID.items()}
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return {
        **{FOLDER / "valid" / f"{name}.json": build_bundle(sent) + b"\n" for name, sent in VALID.items()},
        **{FOLDER / "invalid" / f"{name}.json": invalid(name) + b"\n" for name in INVALID},
        EXPECTED: orjson.dumps(expected, option=options),
    }


if __name__ == "__main__":
    for file, content in files().items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
