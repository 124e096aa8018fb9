"""Write gateway/messages/profiles/*.json from the closed table: `python -m tests.support.generate_profiles`.

The table is the law inside the project; these files say the same to other FHIR tools. What the table does not
list is set to max 0, also inside every data type that is allowed; what it says of a value is a FHIRPath constraint.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from gateway.domain import Decider, Event
from gateway.messages import codes, profile
from gateway.messages.schema import Closed, Many, OneKindOf, Schema, Text
from tests.support.fhirpath_of import expression_of, objects_of

TARGET = Path(profile.__file__).with_name("profiles")
STATUS = {"status": "draft", "experimental": True, "publisher": "Verwijsindex", "version": "1.0.0"}

PROFILES = {
    "message-header": ("MessageHeader", profile.MESSAGE_HEADER),
    "involvement": ("EpisodeOfCare", profile.EPISODE_OF_CARE),
    codes.PATIENT_PROFILE: ("Patient", profile.PATIENT),
    codes.MERGE_PROFILE: ("Patient", profile.SUBJECT_MERGE),
    "household": ("Group", profile.GROUP),
    codes.CONSENT_PROFILE: ("Consent", profile.CONSENT),
    codes.STATEMENT_PROFILE: ("Consent", profile.CONSENT_STATEMENT),
    "message": ("Bundle", profile.BUNDLE),
}
TYPES = {
    "meta": "Meta",
    "identifier": "Identifier",
    "period": "Period",
    "eventCoding": "Coding",
    "valueCode": "code",
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
    "Patient.link": "PatientLink",
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
            "other",
            "organization",
            "reference",
        ),
        "Reference",
    ),
}
"""The data type of an element, by its path or its last name."""

OPEN = {"resourceType", "id", "extension"}
"""Not set to max 0: tools give every element an `id`, and slice `extension` where they make a snapshot. The table
refuses both; validators refuse extensions that no profile names."""


def elements(path: str, model_name: str, schema: Closed) -> Iterator[dict[str, Any]]:
    """Yield the differential elements below a path, in the order of the base definition."""
    model = _model(model_name)
    allowed = {**schema.required, **schema.optional}
    chosen = {choice for name in allowed.keys() - OPEN if (choice := _choice(model, name)) is not None}
    for name in model.elements_sequence():
        choice = _choice(model, name)
        if name in allowed and name not in OPEN:
            last = name if choice is None else f"{choice}[x]"
            yield from _allowed(f"{path}.{last}", name, allowed[name], required=name in schema.required)
        elif choice is None and name not in OPEN:
            yield _forbidden(f"{path}.{name}")
        elif choice is not None and choice not in chosen:
            # The model lists each form of a choice; a profile names the choice once.
            chosen.add(choice)
            yield _forbidden(f"{path}.{choice}[x]")


def _allowed(path: str, name: str, schema: Schema, *, required: bool) -> Iterator[dict[str, Any]]:
    inner = schema.item if isinstance(schema, Many) else schema
    element: dict[str, Any] = {"id": path, "path": path, "min": 0}
    if required:
        element["min"] = schema.least if isinstance(schema, Many) else 1
    if isinstance(schema, Many):
        element["max"] = str(schema.most)
    if path.endswith("[x]"):
        element["type"] = [{"code": TYPES[name]}]
    expression = expression_of(inner)
    if expression is not None:
        element["constraint"] = [
            {"key": _key(path), "severity": "error", "human": _rule(inner), "expression": expression}
        ]
    yield element
    type_name = TYPES.get(path) or TYPES.get(name)
    if type_name is not None and isinstance(inner, Closed | OneKindOf):
        yield from elements(path, type_name, _object(inner))


def _object(schema: Closed | OneKindOf) -> Closed:
    """Return what is common to the kinds of an object: the same elements, whose values their constraint ties."""
    if isinstance(schema, Closed):
        return schema
    first, *others = objects_of(schema)
    if any(kind.required.keys() != first.required.keys() for kind in others):
        raise ValueError("kinds with different elements need slices, which this generator does not write")
    return Closed({name: Closed({}) for name in first.required})


def _rule(schema: Schema) -> str:
    return schema.rule if isinstance(schema, Text) else "must be one of those the profile allows here"


def _key(path: str) -> str:
    """Return a constraint's key: unique, and telling where it stands."""
    digest = hashlib.sha256(path.encode()).hexdigest()[:6]
    return f"vwi-{digest}"


def _forbidden(path: str) -> dict[str, Any]:
    return {"id": path, "path": path, "max": "0"}


def _choice(model: Any, name: str) -> str | None:
    """Return the name of the choice (`source` of `source[x]`) of which an element is one form."""
    field = next(field for field in model.model_fields.values() if (field.alias or "") == name)
    found: str | None = (field.json_schema_extra or {}).get("one_of_many")
    return found


def _model(name: str) -> Any:
    parents = {
        "MessageHeaderSource": "messageheader",
        "BundleEntry": "bundle",
        "GroupMember": "group",
        "PatientLink": "patient",
    }
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
                *_allowed("Extension.value[x]", "valueCode", profile.ROLE, required=True),
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
        "purpose": (codes.PURPOSE_SYSTEM, codes.PURPOSES),
    }
    for name, (url, concepts) in systems.items():
        found[f"CodeSystem-{name}.json"] = code_system(name, url, concepts)
    focuses = {
        "involvement": "EpisodeOfCare",
        "household": "Group",
        "consent": "Consent",
        "subject": "Patient",
    }
    for event in Event:
        first = event.value.split("-")[0]
        name = codes.MERGE_PROFILE if first == "subject" else first
        found[f"MessageDefinition-{event.value}.json"] = message_definition(event, focuses[first], name)
    return found


def rendered(document: dict[str, Any]) -> bytes:
    """Return a document as its file."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


if __name__ == "__main__":
    TARGET.mkdir(exist_ok=True)
    for file_name, content in documents().items():
        (TARGET / file_name).write_bytes(rendered(content))
        sys.stdout.write(f"{file_name}\n")
