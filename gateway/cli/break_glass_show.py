"""How declarations look: tables in Dutch for officers, JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.breakglass.reviewing import Dossier
from gateway.breakglass.usage import Month, PartnerUsage
from gateway.cli.output import print_facts, print_line, print_table
from gateway.clock import dutch_time
from gateway.domain import Declaration, Oin, ReviewOutcome

_OUTCOMES = {ReviewOutcome.JUSTIFIED: "terecht", ReviewOutcome.UNJUSTIFIED: "onterecht"}
_BARS = "▁▂▃▄▅▆▇█"
_NOTHING = "·"


def show_dossiers(found: Sequence[Dossier], at: datetime) -> None:
    """Print a block for every declaration: what it is about, and how its review stands. No person, no text."""
    if not found:
        print_line("Noodprocedure, verklaringen: geen")
    for each in found:
        print_facts(
            f"Verklaring {each.declaration.id}",
            [
                ("organisatie", _name(each, each.declaration.partner)),
                ("verklaard", dutch_time(each.declaration.declared_at)),
                ("grond", each.ground),
                ("doel", each.purpose),
                ("vragen eronder", str(len(each.uses))),
                ("toonde", "; ".join(_name(each, oin) for oin in sorted(each.shown)) or "niets"),
                ("toetsing", _standing(each.declaration, at)),
            ],
        )
        print_line()


def show_read(found: Dossier, text: str, at: datetime) -> None:
    """Print one declaration whole, with the stated text."""
    declaration, professional = found.declaration, found.declaration.professional
    print_facts(
        f"Noodprocedure: verklaring {declaration.id}",
        [
            ("organisatie", f"{_name(found, declaration.partner)} ({declaration.kind})"),
            ("professional", professional.id),
            ("rol", professional.role),
            ("mandaat", professional.mandate),
            ("doel", found.purpose),
            ("grond", found.ground),
            ("convenant", declaration.convenant),
            ("verklaard", dutch_time(declaration.declared_at)),
            ("geldig tot", dutch_time(declaration.expires_at)),
            ("toetsing", _standing(declaration, at)),
        ],
    )
    print_line("\nVragen onder deze verklaring" + ("" if found.uses else ": geen"), style="bold")
    for use in found.uses:
        print_facts(
            f"  {dutch_time(use.at)}",
            [
                ("vastgelegd als", use.record_id),
                ("toonde", "; ".join(_name(found, oin) for oin in sorted(use.shown)) or "niets"),
            ],
            indent=4,
        )
    print_line("\nVerklaarde aanleiding:", style="bold")
    print_line(text)


def show_reviewed(found: Dossier) -> None:
    """Say how a declaration was judged, and who is told."""
    declaration = found.declaration
    judged = "" if declaration.review is None else _OUTCOMES[declaration.review.outcome]
    told = [_name(found, oin) for oin in [declaration.partner, *sorted(found.shown)]]
    print_line(
        f"Verklaring {declaration.id} is als {judged} vastgelegd. Bericht gaat naar: {'; '.join(told)}."
    )


def show_usage(found: Sequence[PartnerUsage]) -> None:
    """Print a line for every partner, with a bar for every month."""
    highest = max((month.declarations for each in found for month in each.months), default=0)
    span = f"{_month(found[0].months[0])} tot en met {_month(found[0].months[-1])}" if found else "geen"
    print_table(
        f"Noodprocedure: gebruik, {span}",
        ["Partner", "Aantal", "Vragen eronder", "Per 1.000", "Toetsing", "Per maand"],
        [
            [
                each.name or each.partner,
                str(each.declarations),
                f"{each.used} van {each.lookups}",
                "–" if each.per_thousand is None else f"{each.per_thousand:.1f}".replace(".", ","),
                f"{each.unreviewed} open, {each.overdue} te laat, {each.unjustified} onterecht",
                bars([month.declarations for month in each.months], highest),
            ]
            for each in found
        ],
    )


def bars(numbers: Sequence[int], highest: int) -> str:
    """Return a bar for every number, one scale for all of them; a dot for zero."""
    return "".join(_BARS[(number * len(_BARS) - 1) // highest] if number else _NOTHING for number in numbers)


def dossier_as_json(found: Dossier, at: datetime) -> dict[str, Any]:
    """Return what the list has of a declaration: no person, no professional, no text."""
    declaration, review = found.declaration, found.declaration.review
    return {
        "id": declaration.id,
        "organisation": declaration.partner,
        "kind": declaration.kind,
        "purpose": declaration.purpose,
        "ground": declaration.ground,
        "convenant": declaration.convenant,
        "declared_at": declaration.declared_at.isoformat(),
        "expires_at": declaration.expires_at.isoformat(),
        "review_due": declaration.review_due.isoformat(),
        "overdue": declaration.is_overdue(at),
        "escalated_at": None if declaration.escalated_at is None else declaration.escalated_at.isoformat(),
        "review": None
        if review is None
        else {"outcome": review.outcome.value, "reviewer": review.reviewer, "at": review.at.isoformat()},
        "uses": [
            {"record_id": use.record_id, "at": use.at.isoformat(), "shown": sorted(use.shown)}
            for use in found.uses
        ],
    }


def read_as_json(found: Dossier, text: str, at: datetime) -> dict[str, Any]:
    """Return one declaration whole, with the stated text."""
    professional = found.declaration.professional
    return dossier_as_json(found, at) | {
        "professional": {
            "id": professional.id,
            "role": professional.role,
            "mandate": professional.mandate,
        },
        "explanation": text,
    }


def usage_as_json(found: PartnerUsage) -> dict[str, Any]:
    """Return one partner's usage."""
    return {
        "oin": found.partner,
        "name": found.name,
        "declarations": found.declarations,
        "used": found.used,
        "lookups": found.lookups,
        "per_thousand": found.per_thousand,
        "unreviewed": found.unreviewed,
        "overdue": found.overdue,
        "unjustified": found.unjustified,
        "months": [
            {
                "month": month.month,
                "declarations": month.declarations,
                "used": month.used,
                "lookups": month.lookups,
            }
            for month in found.months
        ],
    }


def _standing(declaration: Declaration, at: datetime) -> str:
    if declaration.review is not None:
        return _OUTCOMES[declaration.review.outcome]
    overdue = "TE LAAT, " if declaration.is_overdue(at) else ""
    return f"{overdue}vóór {dutch_time(declaration.review_due)}"


def _name(found: Dossier, oin: Oin) -> str:
    return found.names.get(oin) or oin


def _month(month: Month) -> str:
    year, number = month.month.split("-")
    return f"{number}-{year}"
