"""What a convenant says outside its rules, as plain lines: the path in the file, and what stands there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gateway.convenant.model import BreakGlassTerms, Convenant, RetentionTerms, StatuteBasis


def terms_of(convenant: Convenant) -> Mapping[str, str]:
    """Return every term by its path, in the order of the file; a list is sorted, a part that is absent is too."""
    return dict(_lines(convenant))


def _lines(convenant: Convenant) -> Iterator[tuple[str, str]]:
    yield "convenant.name", convenant.name
    yield "convenant.version", convenant.version
    yield "convenant.valid_from", str(convenant.valid_from)
    yield "convenant.valid_until", str(convenant.valid_until)
    yield "convenant.notice_days", str(convenant.notice_days)
    yield from _unless_empty("signatories", convenant.signatories)
    for kind, kind_terms in convenant.kinds.items():
        yield f"kinds.{kind}.label", kind_terms.label
        yield f"kinds.{kind}.roles", _listed(kind_terms.roles)
    for code, purpose in convenant.purposes.items():
        yield f"purposes.{code}.label", purpose.label
        yield f"purposes.{code}.act_reason", purpose.act_reason
    yield "mandates", _listed(convenant.mandates)
    for secrecy, text in convenant.secrecy.items():
        yield f"secrecy.{secrecy}", text
    yield from _unless_empty("consent.recorded_by", convenant.consent_recorders)
    if convenant.break_glass is not None:
        yield from _break_glass(convenant.break_glass)
    for code, text in convenant.refusal_grounds.items():
        yield f"refusal_grounds.{code}", text
    if convenant.default_retention is not None:
        yield from _retention("default", convenant.default_retention)
    for kind, retention in convenant.retention.items():
        yield from _retention(kind, retention)
    if convenant.follow_up is not None:
        yield "follow_up.first_contact_days", str(convenant.follow_up.first_contact_days)
        yield "follow_up.coordinator_days", str(convenant.follow_up.coordinator_days)


def _break_glass(terms: BreakGlassTerms) -> Iterator[tuple[str, str]]:
    yield "break_glass.asking", _listed(terms.kinds)
    yield from _unless_empty("break_glass.roles", terms.roles)
    yield "break_glass.purposes", _listed(terms.purposes)
    for code, text in terms.grounds.items():
        yield f"break_glass.grounds.{code}", text
    yield "break_glass.source", _listed(terms.sources)
    yield "break_glass.secrecy", _listed(terms.secrecy)
    yield "break_glass.minutes", str(terms.minutes)
    yield "break_glass.review_days", str(terms.review_days)
    yield "break_glass.basis", _ground(terms.basis)
    yield "break_glass.verified", "true" if terms.verified else "false"


def _ground(basis: StatuteBasis) -> str:
    return f"{basis}, {basis.since or '…'} – {basis.until or '…'}"


def _retention(kind: str, terms: RetentionTerms) -> Iterator[tuple[str, str]]:
    yield f"retention.{kind}.active_months", str(terms.active_months)
    yield f"retention.{kind}.history_months", str(terms.history_months)


def _unless_empty(path: str, values: Iterable[str]) -> Iterator[tuple[str, str]]:
    listed = _listed(values)
    if listed:
        yield path, listed


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))
