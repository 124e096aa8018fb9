"""Read a convenant from YAML: closed schema, every name in it known, nothing twice. Bytes in, no I/O."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from jsonschema import Draft202012Validator

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
from gateway.domain import PartnerKind, SecrecyClass
from gateway.errors import InvalidInput, Violation

DEFAULT_SECRECY = (SecrecyClass.NORMAL, SecrecyClass.RESTRICTED)
"""A rule that says nothing reaches these; the very restricted class has to be named."""


def read_convenant(text: bytes) -> Convenant:
    """Return the convenant in a YAML file.

    Raises:
        InvalidInput: not YAML, a name twice, or any broken rule; each violation has the line where that is
            known, and the path.

    """
    root = _compose(text)
    document = _construct(root, "")
    lines = dict(_lines(root, ""))
    broken = list(_schema_violations(document)) or list(_cross_violations(document))
    if broken:
        raise InvalidInput([_with_line(violation, lines) for violation in broken])
    return _convenant(document)


def _compose(text: bytes) -> yaml.Node:
    try:
        root = yaml.compose(text.decode("utf-8"), Loader=_Loader)
    except UnicodeDecodeError:
        raise InvalidInput.at("convenant", "must be UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise InvalidInput.at("convenant", f"line {line}: is not valid YAML") from None
    if not isinstance(root, yaml.MappingNode):
        raise InvalidInput.at("convenant", "must be a mapping")
    return root


class _Loader(yaml.SafeLoader):
    """Safe YAML in which a day stays the text it is."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _construct(node: yaml.Node, path: str) -> Any:
    match node:
        case yaml.MappingNode():
            result: dict[str, Any] = {}
            for key, value in node.value:
                name = str(key.value)
                if name in result:
                    raise InvalidInput.at(_join(path, name), f"line {key.start_mark.line + 1}: stands twice")
                result[name] = _construct(value, _join(path, name))
            return result
        case yaml.SequenceNode():
            return [_construct(item, f"{path}[{index}]") for index, item in enumerate(node.value)]
        case _:
            return _Loader("").construct_object(node)


def _lines(node: yaml.Node, path: str) -> Iterator[tuple[str, int]]:
    yield path, node.start_mark.line + 1
    match node:
        case yaml.MappingNode():
            for key, value in node.value:
                yield from _lines(value, _join(path, str(key.value)))
        case yaml.SequenceNode():
            for index, item in enumerate(node.value):
                yield from _lines(item, f"{path}[{index}]")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _with_line(violation: Violation, lines: dict[str, int]) -> Violation:
    line = lines.get(violation.path)
    return violation if line is None else Violation(violation.path, f"line {line}: {violation.rule}")


@cache
def _validator() -> Draft202012Validator:
    schema = files("gateway.convenant").joinpath("schema.json").read_bytes()
    return Draft202012Validator(json.loads(schema))


def _schema_violations(document: Any) -> Iterator[Violation]:
    for error in sorted(_validator().iter_errors(document), key=lambda error: error.json_path):
        path = error.json_path.removeprefix("$").removeprefix(".")
        yield Violation(path or "convenant", _RULES.get(str(error.validator), "does not fit the schema"))


_RULES = {
    "required": "misses a required name",
    "additionalProperties": "holds a name the schema does not know",
    "minItems": "must not be empty",
    "minProperties": "must not be empty",
    "uniqueItems": "names something twice",
    "enum": "is not one of the allowed values",
    "oneOf": "must be a statute (law, article, from) or consent: true",
    "pattern": "has the wrong form",
    "type": "is of the wrong type",
}


def _cross_violations(document: dict[str, Any]) -> Iterator[Violation]:
    yield from _day_violations(document)
    seen: set[str] = set()
    for index, rule in enumerate(document["rules"]):
        path = f"rules[{index}]"
        if rule["id"] in seen:
            yield Violation(f"{path}.id", "stands twice")
        seen.add(rule["id"])
        for name, known in (("source", "kinds"), ("asking", "kinds"), ("purposes", "purposes")):
            for place, code in enumerate(rule[name]):
                if code not in document[known]:
                    yield Violation(f"{path}.{name}[{place}]", f"is not one of the {known} above")


def _day_violations(document: dict[str, Any]) -> Iterator[Violation]:
    spans = [("convenant", document["convenant"], "valid_from", "valid_until")]
    spans += [
        (f"rules[{n}].basis", rule["basis"], "from", "until") for n, rule in enumerate(document["rules"])
    ]
    for path, holder, first, last in spans:
        days: list[date | None] = []
        for name in (first, last):
            try:
                days.append(_day(holder.get(name)))
            except ValueError:
                yield Violation(f"{path}.{name}", "is not a day of the calendar")
                days.append(None)
        if days[0] is not None and days[1] is not None and days[1] < days[0]:
            yield Violation(f"{path}.{last}", "must not be before the first day")


def _convenant(document: dict[str, Any]) -> Convenant:
    head = document["convenant"]
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Convenant(
        name=head["name"],
        version=head["version"],
        valid_from=date.fromisoformat(head["valid_from"]),
        valid_until=date.fromisoformat(head["valid_until"]),
        content_hash=hashlib.sha256(canonical.encode()).hexdigest(),
        kinds={
            PartnerKind(kind): KindTerms(label=terms["label"], roles=frozenset(terms["roles"]))
            for kind, terms in document["kinds"].items()
        },
        purposes={code: PurposeTerms(**terms) for code, terms in document["purposes"].items()},
        mandates=frozenset(document["mandates"]),
        rules=tuple(_rule(rule) for rule in document["rules"]),
    )


def _rule(rule: dict[str, Any]) -> Rule:
    return Rule(
        id=rule["id"],
        effect=Effect(rule.get("effect", "permit")),
        sources=frozenset(map(PartnerKind, rule["source"])),
        asking=frozenset(map(PartnerKind, rule["asking"])),
        purposes=frozenset(rule["purposes"]),
        basis=_basis(rule["basis"]),
        secrecy=frozenset(map(SecrecyClass, rule.get("secrecy", DEFAULT_SECRECY))),
        without_own_involvement=rule.get("without_own_involvement", False),
        verified=rule.get("verified", False),
    )


def _basis(basis: dict[str, Any]) -> Basis:
    if "consent" in basis:
        return ConsentBasis()
    return StatuteBasis(
        law=basis["law"], article=basis["article"], since=_day(basis["from"]), until=_day(basis.get("until"))
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
