"""YAML 1.1 reduced to what a convenant needs: text, true and false, empty, lists and mappings, with lines.

Tags, aliases (a few lines can unfold into gigabytes), a name that stands twice and characters that nobody sees in
print (whoever signs must see what is meant) are refused. Numbers and days stay the text that was written: version
1.10 is not 1.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from gateway.errors import InvalidInput

Place = tuple[str | int, ...]
"""Where a value stands: names and list indexes from the top."""

_KEPT_TAGS = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:null")
_TEXT_TAG = "tag:yaml.org,2002:str"
_PLAIN_TAGS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


@dataclass(frozen=True, slots=True)
class Document:
    """What was read, and on which line (from 1) each value stands."""

    content: Any
    lines: dict[Place, int]

    def line_of(self, place: Place) -> int:
        """Return the line of the value, or of the nearest value around it that exists."""
        while place not in self.lines:
            place = place[:-1]
        return self.lines[place]


def path_of(place: Place) -> str:
    """Return a place as a path: `rules[0].basis.law`."""
    path = ""
    for part in place:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".") or "convenant"


def read_yaml(text: bytes) -> Document:
    """Return the one document in `text`.

    Raises:
        InvalidInput: not UTF-8, not YAML, empty, or more than this module reads; with the line.

    """
    try:
        root = yaml.compose(text.decode("utf-8"), Loader=_Loader)
        content = None if root is None else _value(root, ())
    except UnicodeDecodeError:
        raise InvalidInput.at("convenant", "must be UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise InvalidInput.at("convenant", f"line {line}: is not YAML that can be used") from None
    except yaml.YAMLError:
        raise InvalidInput.at("convenant", "holds a character that YAML does not allow") from None
    except RecursionError:
        raise InvalidInput.at("convenant", "is nested too deep") from None
    if root is None:
        raise InvalidInput.at("convenant", "must not be empty")
    return Document(content, dict(_lines(root, ())))


class _Loader(yaml.SafeLoader):
    """Composes nodes without aliases."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose one node; refuse an alias."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise InvalidInput.at("convenant", f"line {mark.line + 1}: uses an alias; write the value out")
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in _KEPT_TAGS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _value(node: yaml.Node, place: Place) -> Any:
    match node:
        case yaml.MappingNode() if node.tag in _PLAIN_TAGS:
            return _mapping(node, place)
        case yaml.SequenceNode() if node.tag in _PLAIN_TAGS:
            return [_value(item, (*place, index)) for index, item in enumerate(node.value)]
        case yaml.ScalarNode():
            return _scalar(node, place)
    raise _refused(node, place, "has a tag; only plain values can be used")


def _mapping(node: yaml.MappingNode, place: Place) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag != _TEXT_TAG:
            raise _refused(key, place, "has a name that is not text; put it in quotes")
        if key.value in result:
            raise _refused(key, (*place, key.value), "stands twice")
        result[key.value] = _value(value, (*place, key.value))
    return result


def _scalar(node: yaml.ScalarNode, place: Place) -> str | bool | None:
    text: str = node.value
    if node.tag == _TEXT_TAG:
        if not text.isprintable():
            raise _refused(node, place, "holds a line end or another character that cannot be seen")
        return text
    if node.tag == "tag:yaml.org,2002:null":
        return None
    truth = yaml.SafeLoader.bool_values.get(text.lower())
    if node.tag != "tag:yaml.org,2002:bool" or truth is None:
        raise _refused(node, place, "has a tag; only plain values can be used")
    return bool(truth)


def _refused(node: yaml.Node, place: Place, rule: str) -> InvalidInput:
    return InvalidInput.at(path_of(place), f"line {node.start_mark.line + 1}: {rule}")


def _lines(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    yield place, node.start_mark.line + 1
    match node:
        case yaml.MappingNode():
            for key, value in node.value:
                name = (*place, key.value)
                yield from _lines(value, name)
                # A block starts on the line after its name; the name is what a reader looks for.
                yield name, key.start_mark.line + 1
        case yaml.SequenceNode():
            for index, item in enumerate(node.value):
                yield from _lines(item, (*place, index))
