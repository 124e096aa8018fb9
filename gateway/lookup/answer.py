"""The question as the lookup takes it, and the answer it gives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain import Desk, Oin, PartnerKind, Professional, Subject


class Concern(StrEnum):
    """Whether an involvement is with the person asked for or with another member of the household."""

    PERSON = "person"
    HOUSEHOLD = "household"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupRequest:
    """One question. `caller` comes from the client certificate; `at_least` is a position of the index.

    `own_case`: the partner says that the professional is the person or belongs to the household. `declaration` is the
    id of a break-glass declaration. `patience_seconds` is how long the asker waits for the index to become as fresh as
    `at_least`.
    """

    caller: Oin
    subject: Subject
    purpose: str
    professional: Professional
    at_least: int | None = None
    own_case: bool = False
    declaration: str = ""
    patience_seconds: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownInvolvement:
    """One line of an answer. `since_month` is YYYY-MM.

    `desk` is never one that stands for another; it has an empty code where the partner has no desk to show.
    """

    kind: PartnerKind
    name: str
    desk_code: str
    since_month: str
    concern: Concern
    partner: Oin
    desk: Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What leaves: the lines, the audit record that stands for them, and how fresh they are."""

    involvements: tuple[ShownInvolvement, ...]
    record_id: str
    position: int
