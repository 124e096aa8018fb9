"""Reading a convenant: what it becomes, and for everything wrong the path and the line."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.convenant.model import ConsentBasis, Effect, StatuteBasis
from gateway.convenant.reading import read_convenant
from gateway.domain import PartnerKind, SecrecyClass
from gateway.errors import InvalidInput, Violation
from tests.support.convenants import example_text

SMALL = """\
convenant:
  name: Klein
  version: 1.10
  valid_from: 2026-01-01
  valid_until: 2026-12-31
  notice_days: 0
signatories: []
kinds:
  ggz: {label: Ggz, roles: [behandelaar]}
  politie: {label: Politie, roles: [wijkagent, zorgcoordinator]}
purposes:
  coordination-of-care: {label: Afstemming, act_reason: COC}
mandates: [eigen-taak]
rules:
  - id: R-1
    source: [ggz]
    asking: [politie]
    purposes: [coordination-of-care]
    roles: [wijkagent]
    basis: {law: Wet, article: "1", from: 2020-01-01, until: 2027-01-01}
    without_own_involvement: true
    verified: true
  - id: F-1
    effect: forbid
    source: [ggz]
    asking: [politie]
    purposes: [coordination-of-care]
    basis:
      law: AVG
      article: "9"
      from: null
  - id: C-1
    source: [ggz]
    asking: [politie]
    purposes: [coordination-of-care]
    secrecy: [V]
    basis: {consent: true, words: toestemming van de betrokkene}
"""


def faults(text: str | bytes) -> tuple[Violation, ...]:
    with pytest.raises(InvalidInput) as caught:
        read_convenant(text if isinstance(text, bytes) else text.encode())
    return caught.value.violations


def changed(old: str, new: str, text: str = SMALL) -> str:
    assert text.count(old) >= 1
    return text.replace(old, new, 1)


def test_a_convenant_is_read_whole() -> None:
    agreement = read_convenant(SMALL.encode())
    assert (agreement.name, agreement.version) == ("Klein", "1.10")
    assert (agreement.valid_from, agreement.valid_until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert agreement.kinds[PartnerKind("politie")].roles == {"wijkagent", "zorgcoordinator"}
    assert agreement.purposes["coordination-of-care"].act_reason == "COC"
    assert agreement.mandates == {"eigen-taak"}
    by_law, prohibition, by_consent = agreement.rules
    assert by_law.basis == StatuteBasis(
        law="Wet", article="1", since=date(2020, 1, 1), until=date(2027, 1, 1)
    )
    assert by_law.roles == {"wijkagent"}
    assert by_law.without_own_involvement
    assert by_law.verified
    assert prohibition.basis == StatuteBasis(law="AVG", article="9", since=None)
    assert prohibition.effect is Effect.FORBID
    assert not prohibition.verified
    assert by_consent.basis == ConsentBasis(words="toestemming van de betrokkene")


def test_a_permission_does_not_reach_the_very_restricted_class_unless_named_and_a_prohibition_does() -> None:
    by_law, prohibition, by_consent = read_convenant(SMALL.encode()).rules
    assert by_law.secrecy == {SecrecyClass.NORMAL, SecrecyClass.RESTRICTED}
    assert prohibition.secrecy == set(SecrecyClass)
    assert by_consent.secrecy == {SecrecyClass.VERY_RESTRICTED}


def test_an_empty_rule_table_is_a_convenant_that_shows_nothing() -> None:
    head, _ = SMALL.split("rules:")
    assert read_convenant(f"{head}rules: []".encode()).rules == ()


def test_the_hash_follows_the_content_and_not_the_layout() -> None:
    known = read_convenant(SMALL.encode()).content_hash
    assert read_convenant(f"# a comment\n{SMALL}\n\n".encode()).content_hash == known
    assert read_convenant(changed('article: "1"', 'article: "2"').encode()).content_hash != known
    assert read_convenant(changed("from: null", "from: 2020-01-01").encode()).content_hash != known


WRONG = [
    ("  name: Klein", "  nmae: Klein", "convenant.nmae", 2, "is not a name the convenant knows here"),
    ("  name: Klein\n", "", "convenant.name", 1, "is missing"),
    ("version: 1.10", "version: one", "convenant.version", 3, "has the wrong form"),
    ("2026-01-01", "2026-02-30", "convenant.valid_from", 4, "is not a day of the calendar"),
    ("2026-01-01", "1 jan", "convenant.valid_from", 4, "has the wrong form"),
    ("2026-12-31", "2025-12-31", "convenant.valid_until", 5, "must not be before the first day"),
    ("  ggz: {", "  GGZ: {", "kinds.GGZ", 9, "must be a lower-case code of at most 64 characters"),
    ("{label: Ggz, roles: [behandelaar]}", "{label: Ggz}", "kinds.ggz.roles", 9, "is missing"),
    ("[behandelaar]", "[]", "kinds.ggz.roles", 9, "must not be empty"),
    ("[behandelaar]", "[arts, arts]", "kinds.ggz.roles", 9, "names something twice"),
    ("[behandelaar]", "[Arts]", "kinds.ggz.roles[0]", 9, "has the wrong form"),
    ("label: Ggz", 'label: ""', "kinds.ggz.label", 9, "must not be empty"),
    ("label: Ggz", f"label: {'x' * 81}", "kinds.ggz.label", 9, "is too long"),
    ("label: Ggz", "label: yes", "kinds.ggz.label", 9, "is of the wrong type"),
    ("COC", "COORD", "purposes.coordination-of-care.act_reason", 12, "is not one of the allowed values"),
    ("[eigen-taak]", "[]", "mandates", 13, "must not be empty"),
    ("[eigen-taak]", "eigen-taak", "mandates", 13, "is of the wrong type"),
    ("id: F-1", "id: R-1", "rules[1].id", 23, "stands twice, or is a reason the index uses itself"),
    ("id: F-1", "id: no-rule", "rules[1].id", 23, "stands twice, or is a reason the index uses itself"),
    ("id: F-1", "id: F 1", "rules[1].id", 23, "has the wrong form"),
    ("source: [ggz]", "source: []", "rules[0].source", 16, "must not be empty"),
    ("source: [ggz]", "source: [ggz, huisarts]", "rules[0].source[1]", 16, "is not one of the kinds above"),
    ("asking: [politie]", "asking: [leger]", "rules[0].asking[0]", 17, "is not one of the kinds above"),
    (
        "purposes: [coordination-of-care]",
        "purposes: [crisis]",
        "rules[0].purposes[0]",
        18,
        "is not one of the purposes above",
    ),
    (
        "roles: [wijkagent]",
        "roles: [behandelaar]",
        "rules[0].roles[0]",
        19,
        "is not one of the roles of the asking kinds",
    ),
    ("verified: true", "verified: misschien", "rules[0].verified", 22, "is of the wrong type"),
    ("effect: forbid", "effect: allow", "rules[1].effect", 24, "is not one of the allowed values"),
    ("secrecy: [V]", "secrecy: [X]", "rules[2].secrecy[0]", 36, "is not one of the allowed values"),
    (
        "until: 2027-01-01",
        "until: 2019-01-01",
        "rules[0].basis.until",
        20,
        "must not be before the first day",
    ),
    ("from: null", "from: 2020-13-01", "rules[1].basis.from", 31, "is not a day of the calendar"),
    ("from: null", "from: soon", "rules[1].basis.from", 31, "has the wrong form"),
    ("      from: null\n", "", "rules[1].basis.from", 28, "is missing"),
    ("consent: true", "consent: false", "rules[2].basis.consent", 37, "must be true"),
    (
        "{consent: true, words",
        "{consent: true, law: Wet, words",
        "rules[2].basis.law",
        37,
        "is not a name the convenant knows here",
    ),
    (
        "    effect: forbid\n",
        "    effect: forbid\n    without_own_involvement: false\n",
        "rules[1].without_own_involvement",
        25,
        "belongs to a permission only",
    ),
    (
        "    secrecy: [V]\n",
        "    effect: forbid\n",
        "rules[2].basis",
        37,
        "a prohibition needs a law; who objects sends an objection",
    ),
    ("mandates: [eigen-taak]", "mandates: [a]\nmandates: [b]", "mandates", 14, "stands twice"),
    ("label: Ggz", "label: Ggz, label: Ggz", "kinds.ggz.label", 9, "stands twice"),
    ("  ggz: {", "  yes: {", "kinds", 9, "has a name that is not text; put it in quotes"),
    ("  ggz: {", "  [a, b]: {", "kinds", 9, "has a name that is not text; put it in quotes"),
    ("label: Ggz", "label: !!binary R2d6", "kinds.ggz.label", 9, "has a tag; only plain values can be used"),
    ("label: Ggz", "label: !!bool ja", "kinds.ggz.label", 9, "has a tag; only plain values can be used"),
    ("[behandelaar]", "!!python/tuple [a]", "kinds.ggz.roles", 9, "has a tag; only plain values can be used"),
    (
        "[behandelaar]",
        "&r [behandelaar]}\n  x: {label: X, roles: *r",
        "convenant",
        10,
        "uses an alias; write the value out",
    ),
    ("name: Klein", "name: 'Klein", "convenant", 38, "is not YAML that can be used"),
    ("mandates: [eigen-taak]", "mandates: [eigen-taak", "convenant", 14, "is not YAML that can be used"),
]


@pytest.mark.parametrize(
    ("old", "new", "path", "line", "rule"), WRONG, ids=[f"{wrong[2]}: {wrong[4]}" for wrong in WRONG]
)
def test_a_fault_is_named_with_its_path_and_its_line(
    old: str, new: str, path: str, line: int, rule: str
) -> None:
    assert Violation(path, f"line {line}: {rule}") in faults(changed(old, new))


def test_every_fault_is_named_at_once() -> None:
    wrong = changed(
        "[behandelaar]", "[]", changed("version: 1.10", "version: x", changed("name: Klein", "a: b"))
    )
    assert [fault.path for fault in faults(wrong)] == [
        "convenant.name",
        "convenant.a",
        "convenant.version",
        "kinds.ggz.roles",
    ]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (b"", "must not be empty"),
        (b"# only a comment\n", "must not be empty"),
        (b"\xff\xfe", "must be UTF-8"),
        (b"a: \x00", "holds a character that YAML does not allow"),
        (b"[" * 5000, "is nested too deep"),
        (b"- a\n- b\n", "line 1: is of the wrong type"),
        (b"just text", "line 1: is of the wrong type"),
        (SMALL.encode() + b"---\n" + SMALL.encode(), "line 38: is not YAML that can be used"),
    ],
    ids=["empty", "comment", "not UTF-8", "control character", "deep", "list", "text", "two documents"],
)
def test_what_is_no_convenant_at_all_is_refused(text: bytes, rule: str) -> None:
    assert Violation("convenant", rule) in faults(text)


def test_an_alias_bomb_is_refused_before_it_unfolds() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 40))
    assert faults(bomb) == (Violation("convenant", "line 2: uses an alias; write the value out"),)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_comes_in_is_refused_as_invalid_input_and_never_otherwise(text: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_convenant(text)


@given(st.data())
def test_a_damaged_convenant_is_read_or_refused_and_never_otherwise(data: st.DataObject) -> None:
    lines = SMALL.splitlines()
    place = data.draw(st.integers(0, len(lines) - 1))
    lines[place] = data.draw(
        st.sampled_from(["", lines[place] + " x", lines[place][2:], "  " + lines[place], "? "])
    )
    with suppress(InvalidInput):
        read_convenant("\n".join(lines).encode())


def test_the_example_can_be_read_and_says_that_no_jurist_has_seen_it() -> None:
    assert read_convenant(example_text()).rules
    assert "NIET JURIDISCH GETOETST" in example_text().decode()
