"""Tell the stories in Dutch, as a professional and a privacy officer would read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import groupby
from typing import Any

from gateway.cli.demo.explained import in_short
from gateway.cli.demo.result import DayAfter, DemoResult, Story
from gateway.cli.demo.show_emergency import show_emergency
from gateway.cli.demo.speaking import item, say
from gateway.cli.output import console, print_table
from gateway.domain.dutch import dutch_day

PURPOSES = {
    "coordination-of-care": "afstemming van hulp",
    "safety-assessment": "veiligheidsbeoordeling",
    "child-protection-investigation": "onderzoek kinderbescherming",
    "crisis": "crisis",
    "complex-case-triage": "triage complexe casus",
    "early-signalling": "vroegsignalering",
    "subject-access": "inzage door betrokkene",
}
REFUSALS = {"OWN_CASE": "dit is de eigen zaak van wie vraagt"}
"""Why a question was refused, in words."""
REFUSED = {"OWN_CASE": "wie vraagt hoort bij het huishouden: er is niets opgezocht; een collega mag vragen"}
"""What that means."""
ADAPTER_COUNTS = ("read", "sent", "unchanged", "without_bsn", "rejected", "left_out")


def show(result: DemoResult) -> None:
    """Print every story and the counts; questions about one family stand together."""
    console.print("\nVerwijsindex: wie is er nog meer betrokken, en hoe bereik ik die?", style="bold")
    console.print("Alle personen en organisaties hieronder zijn synthetisch.", style="dim")
    families = groupby(result.stories, key=lambda story: story.title)
    for number, (title, stories) in enumerate(families, 1):
        console.print()
        console.rule(f"{number}. {title}", align="left", style="dim")
        _show_family(stories)
    console.print()
    _show_counts(result)


def _show_family(stories: Iterable[Story]) -> None:
    for text, alike in groupby(stories, key=lambda story: story.text):
        console.print(text)
        for story in alike:
            _show_story(story)


def _show_story(story: Story) -> None:
    purpose = PURPOSES.get(story.purpose, story.purpose)
    say("Vraag", f"{story.asker_name} ({story.role}), doel: {purpose}")
    _show_answer(story)
    say("Waarom", "(uit het toegangslog, alleen voor de functionaris)")
    if story.explanation is None:
        item("✗", REFUSED.get(story.reason, story.reason))
    else:
        _show_explanation(story.explanation)
    if story.day_after is not None:
        show_day_after(story.day_after)
    if story.emergency is not None:
        show_emergency(story.emergency)


def _show_answer(story: Story) -> None:
    if story.refused:
        why = REFUSALS.get(story.refused, "het mag niet")
        say("Antwoord", f"Geen: geweigerd, want {why} ({story.refused}). Dat is vastgelegd.")
    elif not story.shown:
        say("Antwoord", "Niemand gevonden. (Dit antwoord kan onvolledig zijn.)")
    else:
        say("Antwoord", "")
    for line in story.shown:
        about = "deze persoon" if line["concern"] == "person" else "het huishouden"
        reach = ", ".join(part for part in (line["desk"], line["telephone"]) if part)
        item("•", f"{line['name']}: {reach}; sinds {_month(line['since'])}; betreft {about}")


def _show_explanation(explanation: Mapping[str, Any]) -> None:
    _, *about_asker = explanation["asker"]
    for sentence in about_asker:
        item(" ", sentence, style="dim")
    told = Counter(in_short(explanation))
    for each, times in told.items():
        often = f" ({times}×)" if times > 1 else ""
        item("✓" if each.shown else "✗", f"{each.name}{often}: {each.conclusion}")
        for sentence in each.weighed:
            item(" ", sentence, style="dim")
    if not told:
        item("–", "er is geen andere betrokkenheid bekend")


def show_day_after(ending: DayAfter) -> None:
    """Print until when a ground holds or held, and the same question on its last day and on the day after."""
    verb = "gold" if ending.is_over else "geldt"
    until = dutch_day(ending.until)
    say("Einddatum", f"regel {ending.rule} steunt op {ending.ground}, en dat {verb} tot en met {until}")
    next_day = dutch_day(ending.until + timedelta(days=1))
    for day, explanation in ((until, ending.last_day), (next_day, ending.explanation)):
        item(" ", f"Dezelfde vraag op {day}:", style="dim")
        for each in in_short(explanation, always=ending.rule):
            item("✓" if each.shown else "✗", each.conclusion)
            for sentence in each.weighed:
                item(" ", sentence, style="dim")


def _month(since: str) -> str:
    """Return a month of an answer (YYYY-MM) as people here read it."""
    year, month = since.split("-")
    return f"{month}-{year}"


def _show_counts(result: DemoResult) -> None:
    print_table(
        "Aangeleverd door de partners",
        ["Partner", "Gelezen", "Gestuurd", "Gelijk", "Zonder BSN", "Fout", "Overgeslagen"],
        [
            [name, *(str(counts[count]) for count in ADAPTER_COUNTS)]
            for name, counts in result.adapters.items()
        ],
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
