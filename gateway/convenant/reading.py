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

from gateway.convenant.cross_checks import Fault, cross_faults
from gateway.convenant.model import Convenant, PurposeTerms
from gateway.convenant.terms_reading import (
    read_break_glass,
    read_consent_recorders,
    read_follow_up,
    read_kinds,
    read_retention,
    read_rule,
    read_secrecy,
)
from gateway.convenant.yaml_text import Place, path_of, read_yaml
from gateway.domain import Oin
from gateway.errors import InvalidInput, Violation


def read_convenant(text: bytes) -> Convenant:
    """Return the convenant in a YAML file.

    Raises:
        InvalidInput: not YAML, a name twice, or any broken rule; each violation has the path and the line.

    """
    document = read_yaml(text)
    faults = list(dict.fromkeys(_schema_faults(document.content))) or list(cross_faults(document.content))
    if faults:
        numbered = sorted((document.line_of(place), path_of(place), rule) for place, rule in faults)
        raise InvalidInput([Violation(path, f"line {line}: {rule}") for line, path, rule in numbered])
    return _convenant(document.content)


@cache
def _validator() -> Draft202012Validator:
    schema = files("gateway.convenant").joinpath("schema.json").read_bytes()
    return Draft202012Validator(json.loads(schema))


def _schema_faults(content: Any) -> Iterator[Fault]:
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


def _convenant(content: dict[str, Any]) -> Convenant:
    head = content["convenant"]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    default_retention, retention = read_retention(content.get("retention", {}))
    return Convenant(
        name=head["name"],
        version=head["version"],
        valid_from=date.fromisoformat(head["valid_from"]),
        valid_until=date.fromisoformat(head["valid_until"]),
        notice_days=int(head["notice_days"]),
        content_hash=hashlib.sha256(canonical.encode("utf-8")).hexdigest(),
        signatories=frozenset(map(Oin, content["signatories"])),
        kinds=read_kinds(content["kinds"]),
        purposes={code: PurposeTerms(**terms) for code, terms in content["purposes"].items()},
        mandates=frozenset(content["mandates"]),
        rules=tuple(read_rule(rule) for rule in content["rules"]),
        consent_recorders=read_consent_recorders(content.get("consent")),
        secrecy=read_secrecy(content.get("secrecy", {})),
        refusal_grounds=content.get("refusal_grounds", {}),
        break_glass=read_break_glass(content.get("break_glass")),
        default_retention=default_retention,
        retention=retention,
        follow_up=read_follow_up(content.get("follow_up")),
    )
