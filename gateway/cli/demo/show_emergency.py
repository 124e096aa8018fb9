"""Tell what a declared emergency set in motion: who was told, how it was reviewed, and who declares how often."""

from __future__ import annotations

from gateway.cli.demo.result import Emergency
from gateway.cli.demo.site import PARTNERS
from gateway.cli.demo.speaking import item, say
from gateway.cli.output import console, print_table

GROUNDS = {"acute-danger": "acuut gevaar voor een persoon"}
NOTICES = {
    "declared": "de noodprocedure is ingeroepen",
    "used": "er is onder de verklaring gevraagd",
    "justified": "de toetsing vond het terecht",
    "unjustified": "de toetsing vond het onterecht",
    "overdue": "de toetsing is te laat",
}
_COLUMNS = ("name", "declarations", "used", "lookups", "unreviewed", "unjustified")
OUTCOMES = {"justified": "terecht", "unjustified": "onterecht"}


def show_emergency(emergency: Emergency) -> None:
    """Print the notices, the review and the usage."""
    say("Nood", f"noodprocedure ingeroepen op de grond: {GROUNDS.get(emergency.ground, emergency.ground)}")
    for partner, notices in emergency.notices.items():
        told = "; ".join(NOTICES.get(notice, notice) for notice in notices)
        item("•", f"Aan de functionarissen van {PARTNERS[partner].name}: {told}")
    before, after = emergency.waiting
    read = "leest de toelichting en " if emergency.is_read_by_officer else ""
    outcome = OUTCOMES.get(emergency.outcome, emergency.outcome)
    say(
        "Toetsing",
        f"wachtend: {before}. De functionaris {read}oordeelt: {outcome}. Wachtend daarna: {after}.",
    )
    console.print()
    print_table(
        "Gebruik van de noodprocedure",
        ["Partner", "Verklaard", "Gebruikt", "Vragen", "Open", "Onterecht"],
        [[str(row[name]) for name in _COLUMNS] for row in emergency.usage],
    )
