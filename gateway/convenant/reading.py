"""Read a convenant from YAML: closed schema, every name in it known, nothing twice. Bytes in, no I/O."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from gateway.convenant.model import (
    Basis,
    ConsentBasis,
    Convenant,
    Effect,
    KindTerms,
    PurposeTerms,
    Rule,
    StatuteBasis,
)
from gateway.convenant.question import Builtin
from gateway.convenant.yaml_text import Place, path_of, read_yaml
from gateway.domain import PartnerKind, SecrecyClass
from gateway.errors import InvalidInput, Violation

DEFAULT_SECRECY = {
    Effect.PERMIT: frozenset({SecrecyClass.NORMAL, SecrecyClass.RESTRICTED}),
    Effect.FORBID: frozenset(SecrecyClass),
}
"""What a rule reaches that names no class: a permission not the very restricted class, a prohibition all."""

_Fault = tuple[Place, str]


def read_convenant(text: bytes) -> Convenant:
    """Return the convenant in a YAML file.

    Raises:
        InvalidInput: not YAML, a name twice, or any broken rule; each violation has the path and the line.

    """
    document = read_yaml(text)
    faults = list(dict.fromkeys(_schema_faults(document.content))) or list(_cross_faults(document.content))
    if faults:
        numbered = sorted((document.line_of(place), path_of(place), rule) for place, rule in faults)
        raise InvalidInput([Violation(path, f"line {line}: {rule}") for line, path, rule in numbered])
    return _convenant(document.content)


@cache
def _validator() -> Draft202012Validator:
    schema = files("gateway.convenant").joinpath("schema.json").read_bytes()
    return Draft202012Validator(json.loads(schema))


def _schema_faults(content: Any) -> Iterator[_Fault]:
    for error in _validator().iter_errors(content):
        place: Place = tuple(error.absolute_path)
        match error.validator:
            case "required":
                yield from (
                    ((*place, name), "is missing")
                    for name in error.validator_value
                    if name not in error.instance
                )
            case "additionalProperties":
                yield from (
                    ((*place, name), "is not a name the convenant knows here")
                    for name in error.instance
                    if name not in error.schema["properties"]
                )
            case _ if "propertyNames" in error.absolute_schema_path:
                yield (*place, error.instance), "must be a lower-case code of at most 64 characters"
            case _:
                yield place, _rule_of(error)


def _rule_of(error: ValidationError) -> str:
    return {
        "minItems": "must not be empty",
        "minProperties": "must not be empty",
        "minLength": "must not be empty",
        "maxLength": "is too long",
        "uniqueItems": "names something twice",
        "enum": "is not one of the allowed values",
        "const": "must be true",
        "pattern": "has the wrong form",
        "type": "is of the wrong type",
    }[str(error.validator)]


def _cross_faults(content: dict[str, Any]) -> Iterator[_Fault]:
    """Yield what the schema cannot see: days, doubled rules, and names that stand nowhere else."""
    yield from _day_faults(("convenant",), content["convenant"], "valid_from", "valid_until")
    seen: set[str] = {builtin.value for builtin in Builtin}
    for index, rule in enumerate(content["rules"]):
        place: Place = ("rules", index)
        if rule["id"] in seen:
            yield (*place, "id"), "stands twice, or is a reason the index uses itself"
        seen.add(rule["id"])
        yield from _name_faults(place, rule, content)
        yield from _prohibition_faults(place, rule)
        yield from _day_faults((*place, "basis"), rule["basis"], "from", "until")


def _name_faults(place: Place, rule: dict[str, Any], content: dict[str, Any]) -> Iterator[_Fault]:
    kinds, purposes = content["kinds"], content["purposes"]
    roles = {role for kind in rule["asking"] if kind in kinds for role in kinds[kind]["roles"]}
    for name, known, where in (
        ("source", kinds, "kinds above"),
        ("asking", kinds, "kinds above"),
        ("purposes", purposes, "purposes above"),
        ("roles", roles, "roles of the asking kinds"),
    ):
        for index, code in enumerate(rule.get(name, ())):
            if code not in known:
                yield (*place, name, index), f"is not one of the {where}"


def _prohibition_faults(place: Place, rule: dict[str, Any]) -> Iterator[_Fault]:
    if rule.get("effect") != Effect.FORBID:
        return
    if "consent" in rule["basis"]:
        yield (*place, "basis"), "a prohibition needs a law; who objects sends an objection"
    if "without_own_involvement" in rule:
        yield (*place, "without_own_involvement"), "belongs to a permission only"


def _day_faults(place: Place, holder: dict[str, Any], first: str, last: str) -> Iterator[_Fault]:
    days: list[date] = []
    for name in (first, last):
        text = holder.get(name)
        if text is None:
            continue
        try:
            days.append(date.fromisoformat(text))
        except ValueError:
            yield (*place, name), "is not a day of the calendar"
    if len(days) == 2 and days[1] < days[0]:
        yield (*place, last), "must not be before the first day"


def _convenant(content: dict[str, Any]) -> Convenant:
    head = content["convenant"]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Convenant(
        name=head["name"],
        version=head["version"],
        valid_from=date.fromisoformat(head["valid_from"]),
        valid_until=date.fromisoformat(head["valid_until"]),
        content_hash=hashlib.sha256(canonical.encode("utf-8")).hexdigest(),
        kinds={
            PartnerKind(kind): KindTerms(label=terms["label"], roles=frozenset(terms["roles"]))
            for kind, terms in content["kinds"].items()
        },
        purposes={code: PurposeTerms(**terms) for code, terms in content["purposes"].items()},
        mandates=frozenset(content["mandates"]),
        rules=tuple(_rule(rule) for rule in content["rules"]),
    )


def _rule(rule: dict[str, Any]) -> Rule:
    effect = Effect(rule.get("effect", Effect.PERMIT))
    named = frozenset(map(SecrecyClass, rule.get("secrecy", ())))
    return Rule(
        id=rule["id"],
        effect=effect,
        sources=frozenset(map(PartnerKind, rule["source"])),
        asking=frozenset(map(PartnerKind, rule["asking"])),
        purposes=frozenset(rule["purposes"]),
        roles=frozenset(rule.get("roles", ())),
        basis=_basis(rule["basis"]),
        secrecy=named or DEFAULT_SECRECY[effect],
        without_own_involvement=rule.get("without_own_involvement", False),
        verified=rule.get("verified", False),
    )


def _basis(basis: dict[str, Any]) -> Basis:
    if "consent" in basis:
        return ConsentBasis(words=basis["words"]) if "words" in basis else ConsentBasis()
    return StatuteBasis(
        law=basis["law"], article=basis["article"], since=_day(basis["from"]), until=_day(basis.get("until"))
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
