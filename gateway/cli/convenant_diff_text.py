"""The differences between two convenants on a terminal and as JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Any

from gateway.cli.output import print_line, print_table
from gateway.convenant.cells import Reach
from gateway.convenant.differing import CellChange, Differences
from gateway.convenant.model import Convenant
from gateway.convenant.recounting import InvolvementCounts, LookupCounts
from gateway.domain.dutch import dutch_day

Counts = LookupCounts | InvolvementCounts | None

_REACHES = {Reach.LAW: "op grond van een wet", Reach.CONSENT: "met toestemming", Reach.NOT: "niet"}
_CHANGES = {"added": "nieuw", "removed": "vervallen", "changed": "gewijzigd", "moved": "andere volgorde"}


def print_differences(
    old: Convenant, new: Convenant, found: Differences, counts: Counts, *, on: date
) -> None:
    """Print what changes, and what was counted."""
    for text in (
        f"Van:  {old.identity}",
        f"Naar: {new.identity}",
        f"Grondslagen zoals zij gelden op {dutch_day(on)}.\n",
    ):
        print_line(text)
    if found.is_empty:
        print_line("De twee zeggen hetzelfde.")
    else:
        _print_found(found)
    match counts:
        case LookupCounts():
            _print_lookups(counts)
        case InvolvementCounts():
            _print_involvements(counts)
        case None:
            pass


def _print_found(found: Differences) -> None:
    rules = [
        f"{each.rule}: {_CHANGES[each.change]}" + (f" ({', '.join(each.parts)})" if each.parts else "")
        for each in found.rules
    ]
    terms = [f"{each.term}: {each.before or '-'} -> {each.after or '-'}" for each in found.terms]
    for title, lines in (
        ("Wie ziet wie", _cell_lines(found.cells)),
        ("Regels", rules),
        ("Andere afspraken", terms),
    ):
        for text in (title, *(f"  {line}" for line in lines or ["geen verschil"])):
            print_line(text)


def _cell_lines(cells: Iterable[CellChange]) -> list[str]:
    """One line for all the asking kinds for which the same changes."""
    asking: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for cell in cells:
        for each in cell.nuances:
            key = (
                cell.pair.source,
                cell.pair.purpose,
                f"{_REACHES[each.before]} -> {_REACHES[each.after]}",
                each.box.words(),
            )
            asking[key].append(cell.pair.asking)
    return [
        f"{source} voor {', '.join(kinds)}; {purpose}: {change}{f' ({words})' if words else ''}"
        for (source, purpose, change, words), kinds in asking.items()
    ]


def _print_lookups(counts: LookupCounts) -> None:
    print_line(
        f"\nVragen van de laatste 30 dagen, opnieuw gesteld met de feiten van nu: {counts.questions}; "
        f"met een ander antwoord: {counts.different}."
    )
    print_line(
        f"Niet opnieuw te stellen: {counts.not_asked}. Geweigerd onder de oude versie: {counts.refused_before}, "
        f"onder de nieuwe: {counts.refused_after}."
    )
    print_table(
        "Naar wie vraagt",
        ["Soort partner", "Vragen", "Anders", "Toont meer", "Toont minder"],
        [
            [kind, str(each.questions), str(each.different), str(each.more), str(each.less)]
            for kind, each in sorted(counts.by_asking.items())
        ],
    )
    print_table(
        "Naar soorten partners (getoonde betrokkenheden)",
        ["Betrokkenheid van", "Zichtbaar voor", "Meer", "Minder"],
        [
            [source, asking, str(each.more), str(each.less)]
            for (source, asking), each in sorted(counts.by_pair.items())
        ],
    )


def _print_involvements(counts: InvolvementCounts) -> None:
    print_line(
        f"\nBetrokkenheden die nu lopen: {counts.involvements}; hoe dan ook niet zichtbaar: {counts.left_out}. Wie "
        "vraagt, is verondersteld zelf betrokken te zijn."
    )
    print_table(
        "Wat zichtbaar wordt en wat niet meer",
        ["Betrokkenheid van", "Zichtbaar voor", "Doel", "Wordt zichtbaar", "Niet meer zichtbaar"],
        [
            [pair.source, pair.asking, pair.purpose, str(each.more), str(each.less)]
            for pair, each in sorted(
                counts.by_pair.items(), key=lambda item: (item[0].source, item[0].asking, item[0].purpose)
            )
        ],
    )


def as_json(
    old: Convenant, new: Convenant, found: Differences, counts: Counts, *, on: date
) -> dict[str, Any]:
    """Return the differences as the JSON of `convenant diff`."""
    return {
        "old": old.identity,
        "new": new.identity,
        "on": on.isoformat(),
        "cells": [_cell_as_json(cell) for cell in found.cells],
        "rules": [asdict(each) for each in found.rules],
        "terms": [asdict(each) for each in found.terms],
        "counts": _counts_as_json(counts),
    }


def _cell_as_json(cell: CellChange) -> dict[str, Any]:
    return asdict(cell.pair) | {
        "before": cell.before.value,
        "after": cell.after.value,
        "nuances": [
            {"before": each.before.value, "after": each.after.value} | asdict(each.box)
            for each in cell.nuances
        ],
    }


def _counts_as_json(counts: Counts) -> dict[str, Any] | None:
    match counts:
        case None:
            return None
        case LookupCounts():
            return {
                "against": "audit",
                "questions": counts.questions,
                "different": counts.different,
                "refused_before": counts.refused_before,
                "refused_after": counts.refused_after,
                "not_asked": counts.not_asked,
                "by_asking": [
                    {"asking": kind} | asdict(each) for kind, each in sorted(counts.by_asking.items())
                ],
                "by_pair": [
                    {"source": source, "asking": asking} | asdict(each)
                    for (source, asking), each in sorted(counts.by_pair.items())
                ],
            }
        case InvolvementCounts():
            return {
                "against": "db",
                "involvements": counts.involvements,
                "left_out": counts.left_out,
                "by_pair": [asdict(pair) | asdict(each) for pair, each in counts.by_pair.items()],
            }
