"""What a check of a convenant hands out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway.convenant.yaml_text import Place

FindingCode = Literal[
    "consent-not-needed",
    "covered",
    "duplicate",
    "ends-soon",
    "expired",
    "expires-soon",
    "mandate-without-rule",
    "never-asks",
    "never-shown",
    "no-break-glass",
    "no-consent-recorders",
    "no-signatories",
    "not-in-force",
    "not-yet",
    "overlap",
    "pair-without-rule",
    "purpose-without-rule",
    "role-without-rule",
    "secrecy-without-rule",
    "shadowed",
    "switched-off",
    "unverified",
]
"""Stable: scripts go by them, and the page for officers explains each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to look at: a stable code, what it is about, where it stands, and an explanation in Dutch.

    `where` is a rule's id, a code of the convenant, or the name of a part of it. `place` is where that stands in
    the file; the line follows from it (`Document.line_of`).
    """

    code: FindingCode
    where: str
    place: Place
    text: str


def of_rule(index: int, rule_id: str, *, code: FindingCode, text: str) -> Finding:
    """Return a finding about the rule at that index."""
    return Finding(code=code, where=rule_id, place=("rules", index), text=text)
