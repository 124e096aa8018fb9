"""The lines of an answer: what may be shown, with names and desks as they are now, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.domain import Desk, InvolvementFact, Oin, Partner, Subject
from gateway.lookup.answer import Concern, ShownInvolvement

NO_DESK = Desk(code="", name="")
"""Stands where a partner has no desk that may be shown: the partner itself is shown all the same."""


def lines_of(
    shown: Iterable[InvolvementFact], partners: Mapping[Oin, Partner], *, subject: Subject
) -> tuple[ShownInvolvement, ...]:
    """Return the lines for these involvements, equal ones once, by kind, name, desk, month and concern.

    Every holder must be in `partners`. Lines depend on nothing but the involvements themselves.
    """
    lines = {_line(fact, partners[fact.partner], subject) for fact in shown}
    return tuple(sorted(lines, key=_place))


def _place(line: ShownInvolvement) -> tuple[str, ...]:
    # The OIN last: two partners with one name keep one order.
    return line.kind, line.name, line.desk_code, line.since_month, line.concern.value, line.partner


def _line(fact: InvolvementFact, partner: Partner, subject: Subject) -> ShownInvolvement:
    desk = desk_to_show(partner, fact.desk)
    return ShownInvolvement(
        partner=partner.oin,
        kind=partner.kind,
        name=partner.name,
        desk_code=desk.code,
        desk=desk,
        since_month=fact.since.isoformat()[:7],
        concern=Concern.PERSON if fact.subject.is_same_person(subject) else Concern.HOUSEHOLD,
    )


def desk_to_show(partner: Partner, code: str) -> Desk:
    """Return the desk for `code`, or the partner's first neutral one where the directory does not know it.

    A desk that stands for another (`contact_via`, how a shelter is reached) is never returned, whatever the
    directory holds: not as a stand-in for an unknown desk, and not at the end of a chain.
    """
    desk = partner.desk(code)
    if desk is not None and desk.contact_via is None:
        return desk
    return next((neutral for neutral in partner.desks if neutral.contact_via is None), NO_DESK)
