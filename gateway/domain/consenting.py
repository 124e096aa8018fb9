"""How long consent can last, by who gave it: what can be checked without knowing how old anybody is."""

from __future__ import annotations

from datetime import date

from gateway.domain.facts import ConsentEffect, ConsentFact, Decider

MOST_ORGANISATIONS = 40
"""So many a statement names at most on each side; who means more means the kinds."""

_LASTS_YEARS = {
    Decider.AUTHORITY_HOLDERS: 12,
    Decider.SUBJECT_AND_AUTHORITY_HOLDERS: 4,
}
"""From birth to the 12th birthday, and from the 12th to the 16th: the longest that nobody else decides."""


def end_fault(consent: ConsentFact) -> str | None:
    """Return the rule that the end of a statement breaks; None where it can be right.

    Consent of holders of authority ends before the birthday from which they no longer decide alone, or at all
    (WGBO 7:447, 7:450; Jeugdwet). Which day that is only the partner knows; that there is one, and by when at the
    latest, shows here. An objection may go on, and so may the consent of a person who decides alone.
    """
    years = _LASTS_YEARS.get(consent.decided_by)
    if consent.effect is not ConsentEffect.PERMIT or years is None:
        return None
    if consent.until is None:
        return "must be given: the day before the birthday from which somebody else decides"
    if consent.until >= years_after(consent.since, years):
        return f"must be less than {years} years after the start: somebody else decides by then"
    return None


def years_after(day: date, years: int) -> date:
    """Return the same day so many years later, or the last day there is; 29 February is 1 March where there is none."""
    if day.year + years > date.max.year:
        return date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
