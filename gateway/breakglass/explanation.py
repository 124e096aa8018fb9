"""What a professional states when declaring: text for people, and for nobody's terminal to obey."""

from __future__ import annotations

import unicodedata

from gateway.errors import InvalidInput

SHORTEST = 10
LONGEST = 2000
"""Characters: enough for what an officer must know, and no place for a file."""

_LINE_BREAKS = frozenset("\r\n\t")
_REORDERING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Unicode bidirectional controls (UAX 9): with them a text reads otherwise than it is written."""


def parse_explanation(text: str) -> str:
    """Return the text without blanks around it; InvalidInput at `explanation`, which does not repeat it."""
    stated = text.strip()
    if not SHORTEST <= len(stated) <= LONGEST:
        raise InvalidInput.at("explanation", f"must be {SHORTEST} to {LONGEST} characters")
    if any(_is_control(character) for character in stated):
        raise InvalidInput.at("explanation", "must be text without control characters")
    return stated


def _is_control(character: str) -> bool:
    if character in _LINE_BREAKS:
        return False
    return (
        unicodedata.category(character) in {"Cc", "Cs"} or unicodedata.bidirectional(character) in _REORDERING
    )
