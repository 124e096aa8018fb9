"""Read the documentation: its pages, and the fenced blocks in them (CommonMark section 4.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = tuple(
    sorted(
        {
            *ROOT.glob("*.md"),
            *ROOT.glob("docs/**/*.md"),
            *ROOT.glob("helm/*.md"),
            *ROOT.glob("adapters/**/*.md"),
        }
    )
)
NAMES = tuple(str(page.relative_to(ROOT)) for page in PAGES)

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the words after it, its text, and the line it begins on."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int


def page(name: str) -> str:
    """Return the text of a page by its path from the root."""
    return (ROOT / name).read_text("utf-8")


def blocks_of(name: str) -> list[Block]:
    """Return the fenced blocks of a page, in its order."""
    text = page(name)
    found = []
    for match in _FENCE.finditer(text):
        language, *words = match["info"].split() or [""]
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(language=language, words=tuple(words), text=match["text"], line=line))
    return found


def prose_of(name: str) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", page(name))


def missing_line(expected: str, output: str) -> str | None:
    """Return the first line of `expected` that `output` does not have; None where it has all, in this order.

    `…` stands for anything within a line; white space counts as one space. What stands between the expected
    lines is free.
    """
    lines = iter([" ".join(line.split()) for line in output.splitlines()])
    for line in expected.splitlines():
        parts = [re.escape(" ".join(part.split())) for part in line.split("…")]
        pattern = re.compile(".*?".join(parts))
        if not any(pattern.search(candidate) for candidate in lines):
            return line
    return None
