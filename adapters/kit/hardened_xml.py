"""XML exports, read as a stream by a parser that refuses DTDs, entities, bombs and bottomless nesting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from gateway.errors import InvalidInput

DEEPEST = 64
"""Exports nest a handful of elements; the parser's own memory is spent on depth."""


def elements_with(export: Path, child: str) -> Iterator[Element]:
    """Yield every element that has a direct child named `child`, in the order in which they end.

    Names are compared without namespace and letter case. The element is emptied when the next one is asked for,
    so that a long export takes little memory. Check the export first with `check_well_formed`.

    Raises:
        InvalidInput: as `check_well_formed`.

    """
    for element, ancestors in _ended(export):
        if any(local_name(item) == child for item in element):
            yield element
            if ancestors:
                ancestors[-1].remove(element)


def check_well_formed(export: Path) -> None:
    """Read the whole export once, so that nothing of a broken one is used.

    Raises:
        InvalidInput: it is not well-formed (with the line), declares a DTD or an entity, nests too deep, or
            is in a charset that cannot be read.

    """
    for element, ancestors in _ended(export):
        if ancestors:
            ancestors[-1].remove(element)


def local_name(element: Element) -> str:
    """Return an element's name without namespace, in lower case; empty for comments and the like."""
    # The tag of a comment or an instruction is a function; the stubs know elements only.
    tag: object = element.tag
    return tag.rpartition("}")[2].casefold() if isinstance(tag, str) else ""


def child_texts(element: Element) -> dict[str, str]:
    """Return the texts of the direct children by local name; one that occurs more than once gets `DOUBLED`."""
    texts: dict[str, str] = {}
    for child in element:
        name = local_name(child)
        texts[name] = DOUBLED if name in texts else (child.text or "").strip()
    return texts


DOUBLED = "\x00"
"""Stands for the text of an element that occurs twice where it may once: no rule accepts it."""


def _ended(export: Path) -> Iterator[tuple[Element, list[Element]]]:
    """Yield each element at its end with its ancestors, the nearest last."""
    open_elements: list[Element] = []
    try:
        for event, element in iterparse(export, ("start", "end"), forbid_dtd=True):
            if event == "start":
                open_elements.append(element)
                if len(open_elements) > DEEPEST:
                    raise InvalidInput.at("file", f"must not nest deeper than {DEEPEST} elements")
            else:
                open_elements.pop()
                yield element, open_elements
    except ParseError as error:
        line, _column = error.position
        raise InvalidInput.at(f"file line {line}", "must be well-formed XML") from None
    except DefusedXmlException:
        raise InvalidInput.at("file", "must not declare a document type or an entity") from None
    except (LookupError, UnicodeError):
        raise InvalidInput.at("file", "must be in a charset that can be read") from None
