"""Tell the stories in Dutch, as a professional and a privacy officer would read them."""

from __future__ import annotations

from gateway.cli.demo.result import DemoResult, Story
from gateway.cli.output import console, print_table

PURPOSES = {
    "coordination-of-care": "afstemming van hulp",
    "safety-assessment": "veiligheidsbeoordeling",
    "child-protection-investigation": "onderzoek kinderbescherming",
    "crisis": "crisis",
    "complex-case-triage": "triage complexe casus",
    "early-signalling": "vroegsignalering",
    "subject-access": "inzage door betrokkene",
}

REASONS = {
    "no-rule": "geen regel in het convenant staat het toe",
    "no-consent": "er is geen toestemming die dit dekt",
    "objection": "er is bezwaar gemaakt",
    "shielded": "afgeschermd",
    "secrecy-class": "te gevoelig voor deze regel",
    "unknown-partner": "geen partner (meer)",
    "no-own-involvement": "de vrager is zelf niet betrokken bij dit huishouden",
    "own-involvement": "eigen betrokkenheid van de vrager",
    "convenant-not-in-force": "het convenant is niet van kracht",
}


def show(result: DemoResult) -> None:
    """Print every story and the counts."""
    console.print("\nVerwijsindex: wie is er nog meer betrokken, en hoe bereik ik die?", style="bold")
    console.print("Alle personen en organisaties hieronder zijn synthetisch.\n", style="dim")
    for number, story in enumerate(result.stories, 1):
        _show_story(number, story)
    _show_counts(result)


def _show_story(number: int, story: Story) -> None:
    console.rule(f"{number}. {story.title}", align="left", style="dim")
    if story.text:
        console.print(story.text)
    purpose = PURPOSES.get(story.purpose, story.purpose)
    console.print(f"[bold]Vraag[/]     {story.asker_name} ({story.role}), doel: {purpose}")
    if story.shown:
        console.print("[bold]Antwoord[/]")
        for line in story.shown:
            about = "deze persoon" if line["concern"] == "person" else "het huishouden"
            reach = ", ".join(part for part in (line["desk"], line["telephone"]) if part)
            console.print(f"  • {line['name']}: {reach}; sinds {line['since']}; betreft {about}")
    else:
        console.print("[bold]Antwoord[/]  Niemand gevonden. (Dit antwoord kan onvolledig zijn.)")
    console.print("[bold]Waarom[/]    (uit het toegangslog, alleen voor de functionaris)")
    for verdict in story.shown_in_audit:
        console.print(f"  ✓ {verdict['kind']}: getoond, regel {verdict['rule']}, {verdict['basis']}")
    for verdict in story.withheld_in_audit:
        why = REASONS.get(verdict["rule"], verdict["rule"])
        console.print(f"  ✗ {verdict['kind']}: niet getoond, {why}")
    if story.reason:
        console.print(f"  ✗ {REASONS.get(story.reason, story.reason)}")
    if not (story.shown_in_audit or story.withheld_in_audit or story.reason):
        console.print("  – er is geen andere betrokkenheid bekend")
    console.print()


def _show_counts(result: DemoResult) -> None:
    print_table(
        "Aangeleverd door de partners",
        ["Partner", "Gelezen", "Gestuurd", "Gelijk", "Zonder BSN", "Fout", "Overgeslagen"],
        [[kind, *(str(counts[name]) for name in ADAPTER_COUNTS)] for kind, counts in result.adapters.items()],
    )
    console.print()
    print_table(
        "Geteld",
        ["Wat", "Aantal"],
        [
            ["Records gelezen", str(result.records)],
            ["Geblindeerde nummers geëvalueerd, elk met bewijs", str(result.evaluations)],
            ["Berichten verstuurd", str(result.messages)],
            ["Feiten opgenomen in de index", str(result.indexed)],
            ["Dead letters", str(result.dead_letters)],
            ["Regels in het toegangslog", str(result.audit_records)],
            [
                "Geplante dossierteksten teruggevonden voorbij de adapter",
                f"{result.planted_texts_found} (van {result.planted_texts})",
            ],
        ],
    )


ADAPTER_COUNTS = ("read", "sent", "unchanged", "without_bsn", "rejected", "left_out")
