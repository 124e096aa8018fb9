"""What goes into a question and what comes out of an answer, as plain immutable values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Concern(StrEnum):
    """Whether an involvement is with the person asked for or with another member of the household."""

    PERSON = "person"
    HOUSEHOLD = "household"


@dataclass(frozen=True, slots=True, kw_only=True)
class Professional:
    """The person at the partner on whose behalf is asked; kept in the index's access log (NEN 7513).

    `id` is the partner's own stable identifier of the person, 1 to 64 characters, not a name. `role` and
    `mandate` are codes of the convenant.
    """

    id: str = field(repr=False)
    role: str
    mandate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectPseudonym:
    """A person under one epoch of the pseudonym key (`value`: 32 bytes)."""

    value: bytes = field(repr=False)
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of many. `id` comes back with the outcome; it must hold nothing about a person.

    `subject` has the person's pseudonym under every epoch that is current: one, or two while one takes over.
    `own_case` says whether the professional is this person or a member of the household: the index then refuses, and a
    colleague may ask. `declaration` is the id of a break-glass declaration that the professional made, if any.
    """

    id: str
    subject: Sequence[SubjectPseudonym] = field(repr=False)
    purpose: str
    professional: Professional
    own_case: bool
    declaration: str = field(default="", repr=False)
    fresher_than: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """How a partner is reached; `telephone` and `email` are empty where there is none."""

    code: str
    name: str
    telephone: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Involvement:
    """One partner that is involved. `since_month` is YYYY-MM; the day is not told."""

    partner_oin: str
    partner_kind: str
    partner_name: str
    desk: Desk
    since_month: str
    concern: Concern


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Where the answer stands in the index's access log, and the token to ask at least as fresh again."""

    record_id: str
    consistency_token: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What may be shown, sorted by kind and name. `notice` (Dutch) belongs beside every answer on a screen."""

    involvements: tuple[Involvement, ...]
    notice: str
    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A break-glass declaration: give its `id` to lookups until `expires_at`. Times are in UTC."""

    id: str
    expires_at: datetime
    review_due: datetime
    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRefusal:
    """A decision of this partner not to share, under its own reference, to be looked at again on `review_on`."""

    reference: str
    ground: str
    review_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """One organisation in the directory."""

    oin: str
    kind: str
    kind_name: str
    name: str
    core_tasks: tuple[str, ...]
    desks: tuple[Desk, ...]
