"""The demo's explanations: nothing of one site is left in them, and what is left out in short says nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.demo.explained import in_short, stable
from gateway.cli.demo.result import DayAfter
from gateway.cli.demo.show import show_day_after

PARTNERS = {
    "00000099123456780100": "Veilig Thuis",
    "00000099123456780200": "GGZ",
    "00000099123456780300": "Politie",
}
references = st.lists(
    st.text(alphabet="abcdefghijkmnpqrtuvwxyz0123456789", min_size=12, max_size=20),
    min_size=3,
    max_size=3,
    unique=True,
)


def rule(name: str, *, obstacle: str | None = None, why: str = "", about: bool = True) -> dict[str, Any]:
    text = f"Regel {name} geldt niet: {why}." if obstacle else f"Regel {name} staat het toe."
    return {
        "rule": name,
        "effect": "permit",
        "counts": obstacle is None,
        "obstacle": obstacle,
        "about_these_kinds": about,
        "text": text,
    }


def explanation(permit: str, objection: str, involvement: str) -> dict[str, Any]:
    """An objection of an organisation against a consent of its kind, as the command prints it."""
    statements = [
        {"recorded_by": "GGZ", "reference": permit, "fits": True, "decides": False,
         "text": f"Toestemming {permit} wijkt: bezwaar {objection} is specifieker."},
        {"recorded_by": "GGZ", "reference": objection, "fits": True, "decides": True,
         "text": f"Bezwaar {objection} beslist over de toestemming: de meest specifieke."},
    ]  # fmt: skip
    held = {
        "partner": "00000099123456780200",
        "name": "GGZ",
        "reference": involvement,
        "kind": "ggz",
        "shown": False,
        "rule": "objection",
        "basis": "",
        "conclusion": f"Niet getoond: het bezwaar {objection} staat ertegenover.",
        "rules": [
            rule("TOEST-1", obstacle="objection", why=f"het bezwaar {objection} staat ertegenover"),
            rule("VT-1", obstacle="no-rule", why="het doel is een ander"),
        ],
        "statements": sorted(statements, key=lambda said: str(said["reference"])),
        "statements_of_others": 0,
    }
    own = held | {
        "partner": "00000099123456780300",
        "name": "Politie",
        "kind": "politie",
        "rule": "own-involvement",
        "conclusion": "Niet in het antwoord: het is de eigen betrokkenheid van wie vraagt.",
        "rules": [],
        "statements": [],
    }
    involvements = sorted([held, own], key=lambda each: str(each["reference"]) + str(each["partner"])[::-1])
    return {
        "convenant": "Voorbeeldregio 1.0 sha256:abc",
        "asker": ["Gevraagd door Politie.", "Wie vraagt, is zelf betrokken bij dit huishouden."],
        "withheld_whole": None,
        "involvements": involvements,
    }


@given(references, references)
def test_the_same_facts_are_explained_alike_under_any_references(one: list[str], other: list[str]) -> None:
    told = orjson.dumps(stable(explanation(*one)))
    assert told == orjson.dumps(stable(explanation(*other)))
    for each in (*one, *PARTNERS, "sha256:abc"):
        assert each.encode() not in told


def test_statements_go_by_number_and_the_one_that_decides_is_the_first() -> None:
    [held, _] = stable(explanation("permit-reference", "objection-reference", "held-reference"))[
        "involvements"
    ]
    assert held["conclusion"] == "Niet getoond: het bezwaar nr. 1 staat ertegenover."
    assert [said["text"] for said in held["statements"]] == [
        "Bezwaar nr. 1 beslist over de toestemming: de meest specifieke.",
        "Toestemming nr. 2 wijkt: bezwaar nr. 1 is specifieker.",
    ]


def test_in_short_the_own_involvement_and_rules_for_another_purpose_are_left_out() -> None:
    told = list(in_short(stable(explanation("permit-reference", "objection-reference", "held-reference"))))
    [each] = told
    assert (each.name, each.shown) == ("GGZ", False)
    assert each.weighed == (
        "Bezwaar nr. 1 beslist over de toestemming: de meest specifieke.",
        "Toestemming nr. 2 wijkt: bezwaar nr. 1 is specifieker.",
        "Regels: TOEST-1 niet, want het bezwaar nr. 1 staat ertegenover.",
    )


def test_in_short_a_rule_that_is_asked_for_is_always_there() -> None:
    given_one = stable(explanation("permit-reference", "objection-reference", "held-reference"))
    [each] = in_short(given_one, always="VT-1")
    assert "VT-1 niet, want het doel is een ander" in each.weighed[-1]


def test_in_short_the_one_rule_that_shows_it_is_not_told_twice() -> None:
    told = explanation("permit-reference", "objection-reference", "held-reference")
    [held] = [each for each in told["involvements"] if each["kind"] == "ggz"]
    held |= {"shown": True, "rule": "VT-1", "rules": [rule("VT-1")], "statements": []}
    [each] = in_short(stable(told))
    assert (each.shown, each.weighed) == (True, ())


@pytest.mark.parametrize(
    ("is_over", "said"), [(False, "en dat geldt tot en met"), (True, "en dat gold tot en met")]
)
def test_a_ground_with_a_last_day_is_told_as_it_stands_and_asked_on_both_days(
    capsys: pytest.CaptureFixture[str], is_over: bool, said: str
) -> None:
    def on_that_day(shown: bool, conclusion: str) -> dict[str, Any]:
        told = explanation("permit-reference", "objection-reference", "held-reference")
        [held] = [each for each in told["involvements"] if each["kind"] == "ggz"]
        held |= {"shown": shown, "conclusion": conclusion, "statements": []}
        return dict(stable(told))

    ending = DayAfter(
        rule="VT-1",
        ground="Wet 7.1",
        until=date(2027, 1, 1),
        is_over=is_over,
        last_day=on_that_day(True, "Getoond."),
        explanation=on_that_day(False, "Niet getoond."),
    )
    show_day_after(ending)
    text = " ".join(capsys.readouterr().out.split())
    assert f"steunt op Wet 7.1, {said} 01-01-2027" in text
    assert text.index("op 01-01-2027: ✓ Getoond.") < text.index("op 02-01-2027: ✗ Niet getoond.")
