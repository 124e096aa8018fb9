"""A question under a declaration: whether the declaration holds for it, and what its answer leaves behind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.audit.model import AuditRecord
from gateway.breakglass.noticing import tell
from gateway.bus.ports import BusRecord
from gateway.convenant.question import Builtin, Verdict
from gateway.domain import Declaration, Oin, Professional, Reference, ReviewOutcome, Subject
from gateway.errors import NotPermitted
from gateway.index.declarations import DeclarationUse
from gateway.messages.notices import NoticeEvent

REFUSED = "BREAK_GLASS_REFUSED"


class Asked(Protocol):
    """What a question says of itself that a declaration must fit."""

    @property
    def caller(self) -> Oin:
        """The organisation that asks, from its certificate."""

    @property
    def professional(self) -> Professional:
        """Who asks there."""

    @property
    def subject(self) -> Subject:
        """The person asked about, sealed."""

    @property
    def purpose(self) -> str:
        """What the question is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What an answer under a declaration leaves behind, to be written with its audit record."""

    use: DeclarationUse
    notices: tuple[BusRecord, ...]


def check_use(declaration: Declaration | None, request: Asked, at: datetime) -> Declaration:
    """Return the declaration if the question may be answered under it.

    It must be the caller's and this professional's own, about the same person and for the same purpose; not over, and
    not judged unjustified meanwhile. A declaration that there is not is refused with the same words: they do not
    tell of another's.

    Raises:
        NotPermitted: BREAK_GLASS_REFUSED.

    """
    if declaration is None or not _fits(declaration, request) or not _holds(declaration, at):
        raise NotPermitted(
            REFUSED,
            "declaration_id: no declaration by this professional about this person for this purpose holds now",
        )
    return declaration


def use_of(declaration: Declaration, verdicts: Iterable[Verdict], record: AuditRecord) -> Use:
    """Return the use of a declaration by the question that `record` is about, and the notices of it.

    The asker's officers are told of every use; those of a partner when the emergency showed an involvement of theirs,
    with the references of those alone. What was shown without the emergency is nobody's notice.
    """
    shown: defaultdict[Oin, set[Reference]] = defaultdict(set)
    for verdict in verdicts:
        if verdict.shown and verdict.rule == Builtin.BREAK_GLASS.value:
            shown[verdict.involvement.partner].add(verdict.involvement.reference)
    at, occasion = record.at, record.record_id
    notices = [tell(declaration.partner, NoticeEvent.USED, declaration, at=at, occasion=occasion)]
    notices += [
        tell(partner, NoticeEvent.USED, declaration, at=at, occasion=occasion, references=references)
        for partner, references in sorted(shown.items())
    ]
    use = DeclarationUse(declaration=declaration.id, record_id=occasion, at=at, shown=frozenset(shown))
    return Use(use=use, notices=tuple(notices))


def _fits(declaration: Declaration, request: Asked) -> bool:
    return (
        declaration.partner == request.caller
        and declaration.professional.id == request.professional.id
        and declaration.purpose == request.purpose
        and declaration.subject.is_same_person(request.subject)
    )


def _holds(declaration: Declaration, at: datetime) -> bool:
    was_unjustified = declaration.review is not None and (
        declaration.review.outcome is ReviewOutcome.UNJUSTIFIED
    )
    return declaration.is_open(at) and not was_unjustified
