"""What a jurist should look at in a convenant that can be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from gateway.convenant.finding import Finding, FindingCode, of_rule
from gateway.convenant.gaps import gaps
from gateway.convenant.model import Basis, ConsentBasis, Convenant, StatuteBasis
from gateway.convenant.overlaps import overlaps
from gateway.convenant.yaml_text import Document, Place
from gateway.domain.dutch import dutch_day

SOON = timedelta(days=90)
"""An end this near is a finding: partners need about a quarter to agree on a new version."""


def findings(convenant: Convenant, *, on: date) -> tuple[Finding, ...]:
    """Return everything that deserves a look on that day: the whole, its terms, its rules one by one, then together.

    The codes are stable; `docs/officers/convenant.md` explains each.
    """
    return (
        *_validity(convenant, on),
        *_terms(convenant),
        *_grounds(convenant, on),
        *gaps(convenant),
        *overlaps(convenant, on=on),
    )


def in_file_order(found: tuple[Finding, ...], document: Document) -> list[tuple[int, Finding]]:
    """Return the findings with the line each stands on, by line; those of one line keep their order."""
    return sorted(
        ((document.line_of(finding.place), finding) for finding in found), key=lambda numbered: numbered[0]
    )


def _validity(convenant: Convenant, on: date) -> Iterator[Finding]:
    if not convenant.in_force(on):
        yield _whole(
            "not-in-force",
            f"Het convenant geldt van {dutch_day(convenant.valid_from)} tot en met {dutch_day(convenant.valid_until)}, "
            f"en dus niet op {dutch_day(on)}: er wordt niets getoond.",
            "valid_from" if on < convenant.valid_from else "valid_until",
        )
    elif convenant.valid_until - on <= SOON:
        yield _whole(
            "ends-soon",
            f"Het convenant geldt tot en met {dutch_day(convenant.valid_until)}. Zonder opvolger wordt er daarna niets "
            "getoond.",
            "valid_until",
        )


def _terms(convenant: Convenant) -> Iterator[Finding]:
    if not convenant.signatories:
        yield Finding(
            code="no-signatories",
            where="signatories",
            place=("signatories",),
            text="Er staan geen ondertekenaars in: zo kan het convenant nooit van kracht worden.",
        )
    if convenant.break_glass is None:
        yield _whole("no-break-glass", "Er is geen noodprocedure: niemand kan bij acuut gevaar meer zien.")
    by_consent = [
        (index, rule.id) for index, rule in enumerate(convenant.rules) if isinstance(rule.basis, ConsentBasis)
    ]
    if by_consent and not convenant.consent_recorders:
        index, first = by_consent[0]
        ids = ", ".join(rule_id for _, rule_id in by_consent)
        text = (
            f"Regels op toestemming ({ids}), maar geen soort partner van wie een vastgelegde toestemming telt: "
            "zij tonen nooit iets."
        )
        yield of_rule(index, first, code="no-consent-recorders", text=text)


def _whole(code: FindingCode, text: str, *name: str) -> Finding:
    return Finding(code=code, where="convenant", place=("convenant", *name), text=text)


def _grounds(convenant: Convenant, on: date) -> Iterator[Finding]:
    for index, rule in enumerate(convenant.rules):
        yield from _ground(rule.id, ("rules", index), rule.basis, on)
        if not rule.verified:
            yield _unverified(rule.id, ("rules", index))
    terms = convenant.break_glass
    if terms is not None:
        yield from _ground("break_glass", ("break_glass",), terms.basis, on)
        if not terms.verified:
            yield _unverified("break_glass", ("break_glass",))


def _unverified(where: str, place: Place) -> Finding:
    return Finding(code="unverified", where=where, place=place, text="Nog niet bevestigd door een jurist.")


def _ground(where: str, place: Place, basis: Basis, on: date) -> Iterator[Finding]:
    if not isinstance(basis, StatuteBasis):
        return
    fault = _fault_of(basis, on)
    if fault is not None:
        code, text = fault
        yield Finding(code=code, where=where, place=place, text=text)


def _fault_of(basis: StatuteBasis, on: date) -> tuple[FindingCode, str] | None:
    if basis.since is None:
        return "switched-off", f"De grondslag ({basis}) heeft geen begindatum en geldt niet."
    if basis.until is not None and basis.until < on:
        return "expired", f"De grondslag ({basis}) is verlopen: zij gold tot en met {dutch_day(basis.until)}."
    if basis.since > on:
        return "not-yet", f"De grondslag ({basis}) geldt pas vanaf {dutch_day(basis.since)}."
    if basis.until is not None and basis.until - on <= SOON:
        return (
            "expires-soon",
            f"De grondslag ({basis}) verloopt: zij geldt tot en met {dutch_day(basis.until)}.",
        )
    return None


__all__ = ["SOON", "Finding", "findings", "in_file_order"]
