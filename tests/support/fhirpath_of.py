"""The closed table as FHIRPath: what an element must satisfy, for tools that know only the profile files."""

from __future__ import annotations

from gateway.messages.schema import Closed, Many, OneKindOf, OneOf, Schema, Text


def expression_of(schema: Schema) -> str | None:
    """Return a FHIRPath 2.0 expression that is true of `$this` where the schema holds; None: nothing to say.

    For an object it speaks of the elements it has; that it has no others is said by their max 0.
    """
    match schema:
        case Text(pattern=pattern):
            return f"$this.toString().matches({_quoted(f'^(?:{pattern.pattern})$')})"
        case OneOf(values=values):
            return " or ".join(f"$this = {_literal(value)}" for value in sorted(values, key=str))
        case Many(item=item):
            return expression_of(item)
        case OneKindOf(by="resourceType", kinds=kinds):
            return " or ".join(f"$this is {kind}" for kind in kinds)
        case OneKindOf():
            return " or ".join(f"({_object(kind)})" for kind in objects_of(schema))
        case Closed():
            return None


def objects_of(schema: OneKindOf) -> list[Closed]:
    """Return the objects that an object may be; ValueError where one of them is several in turn."""
    kinds = [*schema.kinds.values(), *([schema.otherwise] if schema.otherwise is not None else [])]
    objects = [kind for kind in kinds if isinstance(kind, Closed)]
    if len(objects) != len(kinds):
        raise ValueError("kinds of kinds are told apart by their profile, not by an expression")
    return objects


def _object(schema: Closed) -> str:
    parts = []
    for name, item in schema.required.items():
        inner = expression_of(item)
        parts.append(f"{name}.exists()" if inner is None else f"{name}.exists() and {name}.all({inner})")
    return " and ".join(parts)


def _literal(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else _quoted(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
