"""The convenant on a terminal: a table for each purpose that fits 24 kinds, and the rules in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from gateway.cli.output import print_facts, print_line
from gateway.convenant.matrix import LEGEND, RuleLine, marks, rule_lines
from gateway.convenant.model import Convenant
from gateway.domain import PartnerKind
from gateway.domain.dutch import dutch_day

_LABEL = 26
"""So wide is the name of a row: with two characters for each of 24 kinds a table fits 80 columns."""


_EMPTY = "·"


def print_matrix(convenant: Convenant, *, on: date) -> None:
    """Print the head, the legend, a table for each purpose, and every rule."""
    print_line(f"Convenant {convenant.identity}")
    _print_head(convenant, on)
    print_line()
    print_line(
        "Een rij is van wie de betrokkenheid is, een kolom is wie vraagt; de nummers zijn die van de rijen."
    )
    for mark, text in LEGEND:
        print_line(f"  {mark or _EMPTY}  {text}")
    print_line("\nSoorten partners")
    for number, (kind, terms) in enumerate(convenant.kinds.items(), start=1):
        print_line(f"  {number:>2}  {terms.label} ({kind})")
    for purpose, known in convenant.purposes.items():
        print_line(f"\n{known.label} ({purpose})")
        for line in _grid(convenant, purpose, on):
            print_line(line)
    print_line()
    _print_rules(convenant, on)


def _grid(convenant: Convenant, purpose: str, on: date) -> Iterator[str]:
    found = marks(convenant, purpose, on=on)
    if not found:
        yield "  geen regel toont iets voor dit doel"
        return
    numbers = {kind: number for number, kind in enumerate(convenant.kinds, start=1)}
    asking = [kind for kind in numbers if any(asker == kind for _, asker in found)]
    # Two lines of digits: columns stay two characters wide.
    for digit in (0, 1):
        heads = "".join(f"{numbers[kind]:>2}"[digit] + " " for kind in asking)
        yield f"{'':{_LABEL}} {heads}".rstrip()
    for source, number in numbers.items():
        if any(holder == source for holder, _ in found):
            label = f"{number:>2} {convenant.kinds[source].label}"[:_LABEL]
            cells = [found.get((source, asker)) for asker in asking]
            yield f"{label:{_LABEL}} {''.join(f'{cell.text if cell else _EMPTY:2}' for cell in cells)}".rstrip()


def _print_rules(convenant: Convenant, on: date) -> None:
    print_line("Regels", style="bold")
    for line in rule_lines(convenant, on=on):
        _print_rule(line, [("betrokkenheid van", line.sources), ("aan", line.asking)])


def print_of_kind(convenant: Convenant, kind: PartnerKind, *, on: date) -> None:
    """Print the rules by which a kind is shown, with to whom; and those by which it sees, with whom."""
    label = convenant.kinds[kind].label
    print_line(f"Convenant {convenant.identity}")
    _print_head(convenant, on)
    lines = list(zip(convenant.rules, rule_lines(convenant, on=on), strict=True))
    shows = [(line, ("aan", line.asking)) for rule, line in lines if kind in rule.sources]
    sees = [(line, ("van", line.sources)) for rule, line in lines if kind in rule.asking]
    for title, found in (
        (f"Wat wordt getoond van: {label}", shows),
        (f"Wat zichtbaar is voor: {label}", sees),
    ):
        print_line(f"\n{title}", style="bold")
        for line, other in found:
            _print_rule(line, [other])
        if not found:
            print_line("  geen regel")


def _print_rule(line: RuleLine, kinds: list[tuple[str, str]]) -> None:
    told = list(line.conditions)
    if not line.holds:
        told.append("geldt niet op deze dag")
    if not line.verified:
        told.append("niet bevestigd door een jurist")
    ground = f"{line.ground} ({line.days})" if line.days else line.ground
    facts = [*kinds, ("voor", line.purposes), ("grondslag", ground), ("bijzonderheden", "; ".join(told))]
    print_facts(f"  {line.id}: {line.effect}", facts, indent=4)


def _print_head(convenant: Convenant, on: date) -> None:
    first, last = dutch_day(convenant.valid_from), dutch_day(convenant.valid_until)
    print_line(f"Geldig van {first} tot en met {last}; dit is de stand op {dutch_day(on)}.")
