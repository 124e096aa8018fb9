"""From the checked content of a convenant's file to the parts of the model. Numbers are text until here."""

from __future__ import annotations

from datetime import date
from typing import Any

from gateway.convenant.model import (
    Basis,
    BreakGlassTerms,
    ConsentBasis,
    Effect,
    FollowUpTerms,
    KindTerms,
    RetentionTerms,
    Rule,
    StatuteBasis,
)
from gateway.domain import PartnerKind, SecrecyClass

DEFAULT_SECRECY = {
    Effect.PERMIT: frozenset({SecrecyClass.NORMAL, SecrecyClass.RESTRICTED}),
    Effect.FORBID: frozenset(SecrecyClass),
}
"""What a rule reaches that names no class: a permission not the very restricted class, a prohibition all."""

DEFAULT_RETENTION = "default"
"""Stands among the kinds in `retention`, for the kinds that have no terms of their own."""


def read_kinds(content: dict[str, Any]) -> dict[PartnerKind, KindTerms]:
    """Return the kinds of partner with their roles."""
    return {
        PartnerKind(kind): KindTerms(label=terms["label"], roles=frozenset(terms["roles"]))
        for kind, terms in content.items()
    }


def read_rule(rule: dict[str, Any]) -> Rule:
    """Return one rule, with the classes it reaches where it names none."""
    effect = Effect(rule.get("effect", Effect.PERMIT))
    return Rule(
        id=rule["id"],
        effect=effect,
        sources=_kinds(rule["source"]),
        asking=_kinds(rule["asking"]),
        purposes=frozenset(rule["purposes"]),
        roles=frozenset(rule.get("roles", ())),
        mandates=frozenset(rule.get("mandates", ())),
        basis=_basis(rule["basis"]),
        secrecy=_classes(rule.get("secrecy", ())) or DEFAULT_SECRECY[effect],
        without_own_involvement=rule.get("without_own_involvement", False),
        verified=rule.get("verified", False),
    )


def read_break_glass(terms: dict[str, Any] | None) -> BreakGlassTerms | None:
    """Return the terms for emergencies; None where the convenant has none."""
    if terms is None:
        return None
    return BreakGlassTerms(
        kinds=_kinds(terms["asking"]),
        roles=frozenset(terms.get("roles", ())),
        purposes=frozenset(terms["purposes"]),
        grounds=dict(terms["grounds"]),
        sources=_kinds(terms["source"]),
        secrecy=_classes(terms["secrecy"]),
        basis=_statute(terms["basis"]),
        minutes=int(terms["minutes"]),
        review_days=int(terms["review_days"]),
        verified=terms.get("verified", False),
    )


def read_retention(
    content: dict[str, Any],
) -> tuple[RetentionTerms | None, dict[PartnerKind, RetentionTerms]]:
    """Return the terms for every kind, and those of kinds that have their own."""
    terms = {
        kind: RetentionTerms(**{name: int(text) for name, text in each.items()})
        for kind, each in content.items()
    }
    default = terms.pop(DEFAULT_RETENTION, None)
    return default, {PartnerKind(kind): each for kind, each in terms.items()}


def read_follow_up(terms: dict[str, Any] | None) -> FollowUpTerms | None:
    """Return the terms for follow-up; None where the convenant has none."""
    return None if terms is None else FollowUpTerms(**{name: int(text) for name, text in terms.items()})


def read_consent_recorders(content: dict[str, Any] | None) -> frozenset[PartnerKind]:
    """Return the kinds whose recorded consent counts; none where the convenant is silent."""
    return frozenset() if content is None else _kinds(content["recorded_by"])


def read_secrecy(content: dict[str, Any]) -> dict[SecrecyClass, str]:
    """Return the names of the secrecy classes."""
    return {SecrecyClass(code): label for code, label in content.items()}


def _kinds(codes: list[str]) -> frozenset[PartnerKind]:
    return frozenset(map(PartnerKind, codes))


def _classes(codes: list[str]) -> frozenset[SecrecyClass]:
    return frozenset(map(SecrecyClass, codes))


def _basis(basis: dict[str, Any]) -> Basis:
    if "consent" in basis:
        return ConsentBasis(words=basis["words"]) if "words" in basis else ConsentBasis()
    return _statute(basis)


def _statute(basis: dict[str, Any]) -> StatuteBasis:
    return StatuteBasis(
        law=basis["law"], article=basis["article"], since=_day(basis["from"]), until=_day(basis.get("until"))
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
