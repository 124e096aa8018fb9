"""Gaps in a convenant: kinds, pairs, purposes, roles, mandates and classes that no rule does anything for."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.convenant.finding import Finding, FindingCode
from gateway.convenant.model import Convenant, Effect, Rule
from gateway.domain import PartnerKind, SecrecyClass


def gaps(convenant: Convenant) -> Iterator[Finding]:
    """Yield what no permission does anything for, whether the grounds hold or not.

    A convenant may mean it that way. What is permitted nowhere is not shown: the finding asks whether that is meant.
    """
    permits = [rule for rule in convenant.rules if rule.effect is Effect.PERMIT]
    for kind in convenant.kinds:
        yield from _kind(convenant, kind, permits)
    yield from _purposes(convenant, permits)
    yield from _mandates(convenant, permits)
    yield from _classes(convenant, permits)


def _kind(convenant: Convenant, kind: PartnerKind, permits: list[Rule]) -> Iterator[Finding]:
    if not any(kind in rule.sources for rule in permits):
        yield _about_kind(kind, "never-shown", "Geen regel toont betrokkenheid van deze soort partner.")
    else:
        yield from _pairs(convenant, kind, permits)
    asking = [rule for rule in permits if kind in rule.asking]
    if not asking:
        yield _about_kind(kind, "never-asks", "Geen regel laat deze soort partner iets zien.")
        return
    for role in sorted(convenant.kinds[kind].roles):
        if not any(not rule.roles or role in rule.roles for rule in asking):
            yield Finding(
                code="role-without-rule",
                where=f"{kind}/{role}",
                place=("kinds", kind, "roles"),
                text="Geen regel laat iemand in deze rol iets zien.",
            )


def _pairs(convenant: Convenant, source: PartnerKind, permits: list[Rule]) -> Iterator[Finding]:
    """One finding for all the kinds that never see this one; those that never see anything are told elsewhere."""
    seeing = {asking for rule in permits for asking in rule.asking}
    shown_to = {asking for rule in permits if source in rule.sources for asking in rule.asking}
    unseen = [kind for kind in convenant.kinds if kind in seeing and kind not in shown_to]
    if unseen:
        yield _about_kind(
            source, "pair-without-rule", f"Voor geen enkel doel zichtbaar voor: {', '.join(unseen)}."
        )


def _about_kind(kind: PartnerKind, code: FindingCode, text: str) -> Finding:
    return Finding(code=code, where=kind, place=("kinds", kind), text=text)


def _purposes(convenant: Convenant, permits: list[Rule]) -> Iterator[Finding]:
    for purpose in convenant.purposes:
        if not any(purpose in rule.purposes for rule in permits):
            yield Finding(
                code="purpose-without-rule",
                where=purpose,
                place=("purposes", purpose),
                text="Geen regel toont iets voor dit doel.",
            )


def _mandates(convenant: Convenant, permits: list[Rule]) -> Iterator[Finding]:
    for mandate in sorted(convenant.mandates):
        if not any(not rule.mandates or mandate in rule.mandates for rule in permits):
            yield Finding(
                code="mandate-without-rule",
                where=mandate,
                place=("mandates",),
                text="Geen regel laat iemand met dit mandaat iets zien.",
            )


def _classes(convenant: Convenant, permits: list[Rule]) -> Iterator[Finding]:
    reached = {secrecy for rule in permits for secrecy in rule.secrecy}
    if convenant.break_glass is not None:
        reached |= convenant.break_glass.secrecy
    for secrecy in SecrecyClass:
        if secrecy not in reached:
            yield Finding(
                code="secrecy-without-rule",
                where=secrecy.value,
                place=("secrecy", secrecy.value),
                text="Geen regel reikt tot deze geheimhoudingsklasse: wat erin valt, wordt nooit getoond.",
            )
