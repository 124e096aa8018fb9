"""What people read of any command: names as they are, words that are not broken, and a width that fits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.cli.output import console, print_facts, print_line, print_log, print_table

HOSTILE = "GGZ [Oost] [/b][red]:warning:"


@pytest.fixture(autouse=True)
def _narrow_terminal() -> Iterator[None]:
    """The console of the commands is made once: give it the width of a plain terminal, whatever runs the tests."""
    width = console.width
    console.width = 80
    yield
    console.width = width


def test_square_brackets_and_colons_in_a_name_are_shown_as_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_line(HOSTILE)
    print_table(HOSTILE, [HOSTILE], [[HOSTILE]])
    print_table(HOSTILE, ["Naam"], [])
    print_facts(HOSTILE, [(HOSTILE, HOSTILE)])
    print_log(HOSTILE, [(HOSTILE, HOSTILE, [HOSTILE])])
    console.print(HOSTILE)
    assert capsys.readouterr().out.count(HOSTILE) == 13


def test_facts_wrap_between_words_in_a_column_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    words = " ".join(["vertrouwelijkheid"] * 12)
    print_facts("Titel", [("lang", words), ("leeg", ""), ("kort", "ja")])
    title, *lines = capsys.readouterr().out.splitlines()
    assert (title, lines[-1]) == ("Titel", "  kort  ja")
    assert " ".join(line[8:] for line in lines[:-1]) == words
    assert all(len(line) <= 80 for line in lines)
    assert not any("leeg" in line for line in lines)


def test_a_log_without_entries_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_log("Toegangslog", [])
    assert capsys.readouterr().out == "Toegangslog: geen\n"
