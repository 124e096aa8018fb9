"""Write gateway/messages/profiles/*.json from the closed table: `python -m tests.support.generate_profiles`.

The table is the law inside the project; these files say the same to other FHIR tools. What the table does not
list is set to max 0, one level into every data type that is allowed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from gateway.domain import Decider, Event
from gateway.messages import codes, profile
from gateway.messages.schema import Closed, Many, OneOf, Schema

TARGET = Path(profile.__file__).with_name("profiles")
STATUS = {"status": "draft", "experimental": True, "publisher": "Verwijsindex", "version": "1.0.0"}

PROFILES = {
    "message-header": ("MessageHeader", profile.MESSAGE_HEADER),
    "involvement": ("EpisodeOfCare", profile.EPISODE_OF_CARE),
    "pseudonymous-patient": ("Patient", profile.PATIENT),
    "household": ("Group", profile.GROUP),
    "consent": ("Consent", profile.CONSENT),
    "message": ("Bundle", profile.BUNDLE),
}
TYPES = {
    "meta": "Meta",
    "identifier": "Identifier",
    "period": "Period",
    "eventCoding": "Coding",
    "coding": "Coding",
    "security": "Coding",
    "purpose": "Coding",
    "scope": "CodeableConcept",
    "category": "CodeableConcept",
    "policyRule": "CodeableConcept",
    "role": "CodeableConcept",
    "MessageHeader.source": "MessageHeaderSource",
    "Bundle.entry": "BundleEntry",
    "Group.member": "GroupMember",
    "Consent.provision": "ConsentProvision",
    "Consent.provision.actor": "ConsentProvisionActor",
    **dict.fromkeys(
        (
            "focus",
            "patient",
            "managingOrganization",
            "managingEntity",
            "team",
            "entity",
            "organization",
            "reference",
        ),
        "Reference",
    ),
}
"""The data type of an element, by its path or its last name."""

ALWAYS = {"resourceType", "id", "extension", "modifierExtension"}
"""Not constrained here: `id` and extensions are refused by the table; HAPI needs them open for its snapshots."""
CHOICES = {"event", "value", "deceased", "multipleBirth", "source"}


def elements(path: str, model_name: str, schema: Closed) -> Iterator[dict[str, Any]]:
    """Yield the differential elements below a path."""
    model = _model(model_name)
    allowed = {**schema.required, **schema.optional}
    for name in model.elements_sequence():
        if name in ALWAYS:
            continue
        full = f"{path}.{name}"
        if name not in allowed:
            # A choice type has one element in a profile; the model lists each of its forms.
            if _choice(path, name) is None:
                yield {"id": full, "path": full, "max": "0"}
            continue
        yield from _allowed(full, name, allowed[name], required=name in schema.required)


def _allowed(full: str, name: str, schema: Schema, *, required: bool) -> Iterator[dict[str, Any]]:
    path = full.replace("eventCoding", "event[x]")
    inner = schema.item if isinstance(schema, Many) else schema
    element: dict[str, Any] = {"id": path, "path": path, "min": 0}
    if required:
        element["min"] = schema.least if isinstance(schema, Many) else 1
    if isinstance(schema, Many):
        element["max"] = str(schema.most)
    if path.endswith("event[x]"):
        element["type"] = [{"code": "Coding"}]
    if isinstance(inner, OneOf) and inner.values == {True}:
        element["patternBoolean"] = True
    yield element
    type_name = TYPES.get(full) or TYPES.get(name)
    if isinstance(inner, Closed) and type_name is not None and not path.endswith("event[x]"):
        yield from elements(path, type_name, inner)


def _choice(path: str, name: str) -> str | None:
    root = path.split(".", maxsplit=1)[0]
    for choice in CHOICES:
        if name.startswith(choice) and name != choice and name[len(choice)].isupper():
            return f"{root}.{choice}[x]"
    return None


def _model(name: str) -> Any:
    parents = {"MessageHeaderSource": "messageheader", "BundleEntry": "bundle", "GroupMember": "group"}
    module = parents.get(name) or ("consent" if name.startswith("Consent") else name.lower())
    return getattr(import_module(f"fhir.resources.R4B.{module}"), name)


def structure_definition(name: str, base: str, schema: Closed) -> dict[str, Any]:
    """Return the StructureDefinition of one profile."""
    return {
        "resourceType": "StructureDefinition",
        "id": name,
        "url": codes.profile(name),
        "name": "Verwijsindex" + "".join(part.title() for part in name.split("-")),
        **STATUS,
        "fhirVersion": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": base,
        "baseDefinition": f"http://hl7.org/fhir/StructureDefinition/{base}",
        "derivation": "constraint",
        "differential": {"element": [{"id": base, "path": base}, *elements(base, base, schema)]},
    }


def role_extension() -> dict[str, Any]:
    """Return the extension that names a household role."""
    url = codes.HOUSEHOLD_ROLE_EXTENSION
    return {
        "resourceType": "StructureDefinition",
        "id": "household-role",
        "url": url,
        "name": "VerwijsindexHouseholdRole",
        **STATUS,
        "fhirVersion": "4.0.1",
        "kind": "complex-type",
        "abstract": False,
        "context": [{"type": "element", "expression": "Group.member"}],
        "type": "Extension",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension",
        "derivation": "constraint",
        "differential": {
            "element": [
                {"id": "Extension", "path": "Extension", "max": "1"},
                {"id": "Extension.extension", "path": "Extension.extension", "max": "0"},
                {"id": "Extension.url", "path": "Extension.url", "fixedUri": url},
                {
                    "id": "Extension.value[x]",
                    "path": "Extension.value[x]",
                    "min": 1,
                    "type": [{"code": "code"}],
                },
            ]
        },
    }


def code_system(name: str, url: str, concepts: dict[str, str]) -> dict[str, Any]:
    """Return a complete code system."""
    return {
        "resourceType": "CodeSystem",
        "id": name,
        "url": url,
        "name": "Verwijsindex" + "".join(part.title() for part in name.split("-")),
        **STATUS,
        "caseSensitive": True,
        "content": "complete",
        "concept": [{"code": code, "display": display} for code, display in concepts.items()],
    }


def message_definition(event: Event, focus: str, name: str) -> dict[str, Any]:
    """Return the definition of one event's message."""
    return {
        "resourceType": "MessageDefinition",
        "id": event.value,
        "url": f"{codes.BASE}/MessageDefinition/{event.value}",
        "name": "Verwijsindex" + "".join(part.title() for part in event.value.split("-")),
        **STATUS,
        "date": "2026-01-01",
        "eventCoding": {"system": codes.EVENT_SYSTEM, "code": event.value},
        "category": "notification",
        "focus": [{"code": focus, "profile": codes.profile(name), "min": 1, "max": "1"}],
    }


def documents() -> dict[str, dict[str, Any]]:
    """Return every file by its name."""
    found = {
        f"StructureDefinition-{name}.json": structure_definition(name, base, schema)
        for name, (base, schema) in PROFILES.items()
    }
    found["StructureDefinition-household-role.json"] = role_extension()
    systems = {
        "event": (codes.EVENT_SYSTEM, {e.value: e.value.replace("-", " ") for e in Event}),
        "handling": (
            codes.HANDLING_SYSTEM,
            {
                codes.HANDLING_SHIELDED: "never shown",
                codes.HANDLING_SUPPRESSED: "links nobody until it was reviewed",
            },
        ),
        "decider": (codes.DECIDER_SYSTEM, {d.value: d.value.replace("-", " ") for d in Decider}),
        "actor-role": (
            codes.ACTOR_ROLE_SYSTEM,
            {codes.ROLE_HOLDER: "whose involvement it is", codes.ROLE_ASKER: "who may see it"},
        ),
        "policy": (codes.POLICY_SYSTEM, {codes.POLICY_CONVENANT: "the partners' convenant"}),
        "purpose": (
            codes.PURPOSE_SYSTEM,
            {
                "coordination-of-care": "coordination of care",
                "safety-assessment": "safety assessment",
                "child-protection-investigation": "child protection investigation",
                "crisis": "crisis",
                "complex-case-triage": "triage of a complex case",
                "early-signalling": "early signalling",
                "subject-access": "access by the subject",
            },
        ),
    }
    for name, (url, concepts) in systems.items():
        found[f"CodeSystem-{name}.json"] = code_system(name, url, concepts)
    focuses = {"involvement": "EpisodeOfCare", "household": "Group", "consent": "Consent"}
    for event in Event:
        name = event.value.split("-")[0]
        found[f"MessageDefinition-{event.value}.json"] = message_definition(event, focuses[name], name)
    return found


def rendered(document: dict[str, Any]) -> bytes:
    """Return a document as its file."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


if __name__ == "__main__":
    TARGET.mkdir(exist_ok=True)
    for file_name, content in documents().items():
        (TARGET / file_name).write_bytes(rendered(content))
        sys.stdout.write(f"{file_name}\n")
