"""Reading what a convenant says beside its rules: who signs, who records consent, emergencies and terms."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.convenant.model import (
    BreakGlassTerms,
    Convenant,
    FollowUpTerms,
    RetentionTerms,
    StatuteBasis,
)
from gateway.convenant.reading import read_convenant
from gateway.domain import PartnerKind, SecrecyClass
from gateway.errors import InvalidInput, Violation

TERMS = """\
convenant: {name: Klein, version: 2, valid_from: 2026-01-01, valid_until: 2026-12-31, notice_days: 30}
signatories:
  - "00000099100000000100"
  - 00000099100000000200
kinds:
  ggz: {label: Ggz, roles: [behandelaar]}
  politie: {label: Politie, roles: [wijkagent, zorgcoordinator]}
purposes:
  crisis: {label: Crisis, act_reason: ETREAT}
mandates: [eigen-taak, intake]
secrecy: {N: Gewoon, R: Vertrouwelijk, V: Zeer vertrouwelijk}
consent: {recorded_by: [ggz]}
break_glass:
  asking: [politie]
  roles: [zorgcoordinator]
  purposes: [crisis]
  grounds: {acute-danger: Acuut gevaar}
  source: [ggz]
  secrecy: [N, R]
  minutes: 240
  review_days: 5
  basis: {law: AVG, article: "6", from: 2018-05-25, until: 2030-01-01}
  verified: true
refusal_grounds: {safety: Veiligheid}
retention:
  default: {active_months: 24, history_months: 60}
  ggz: {active_months: 0, history_months: 180}
follow_up: {first_contact_days: 2, coordinator_days: 5}
rules:
  - id: R-1
    source: [ggz]
    asking: [politie]
    purposes: [crisis]
    mandates: [intake]
    basis: {consent: true}
"""


def read(text: str = TERMS) -> Convenant:
    return read_convenant(text.encode())


def without(name: str) -> str:
    """Return the file without one section."""
    kept, is_dropped = [], False
    for line in TERMS.splitlines(keepends=True):
        if not line.startswith(" "):
            is_dropped = line.startswith(f"{name}:")
        kept += [] if is_dropped else [line]
    return "".join(kept)


def test_everything_beside_the_rules_is_read() -> None:
    agreement = read()
    assert agreement.signatories == {"00000099100000000100", "00000099100000000200"}
    assert agreement.notice_days == 30
    assert agreement.secrecy == {
        SecrecyClass.NORMAL: "Gewoon",
        SecrecyClass.RESTRICTED: "Vertrouwelijk",
        SecrecyClass.VERY_RESTRICTED: "Zeer vertrouwelijk",
    }
    assert agreement.consent_recorders == {"ggz"}
    assert agreement.refusal_grounds == {"safety": "Veiligheid"}
    assert agreement.default_retention == RetentionTerms(active_months=24, history_months=60)
    assert agreement.retention == {PartnerKind("ggz"): RetentionTerms(active_months=0, history_months=180)}
    assert agreement.follow_up == FollowUpTerms(first_contact_days=2, coordinator_days=5)
    [rule] = agreement.rules
    assert rule.mandates == {"intake"}


def test_the_terms_for_emergencies_are_read() -> None:
    assert read().break_glass == BreakGlassTerms(
        kinds=frozenset({PartnerKind("politie")}),
        roles=frozenset({"zorgcoordinator"}),
        purposes=frozenset({"crisis"}),
        grounds={"acute-danger": "Acuut gevaar"},
        sources=frozenset({PartnerKind("ggz")}),
        secrecy=frozenset({SecrecyClass.NORMAL, SecrecyClass.RESTRICTED}),
        basis=StatuteBasis(law="AVG", article="6", since=date(2018, 5, 25), until=date(2030, 1, 1)),
        minutes=240,
        review_days=5,
        verified=True,
    )


def test_a_draft_may_have_no_signatories_yet() -> None:
    draft = TERMS.replace('\n  - "00000099100000000100"\n  - 00000099100000000200', " []")
    assert read(draft).signatories == frozenset()


def test_what_a_convenant_is_silent_about_is_not_allowed() -> None:
    assert read(without("consent")).consent_recorders == frozenset()
    assert read(without("break_glass")).break_glass is None
    assert read(without("refusal_grounds")).refusal_grounds == {}
    assert read(without("secrecy")).secrecy == {}
    assert (read(without("retention")).default_retention, read(without("retention")).retention) == (None, {})
    assert read(without("follow_up")).follow_up is None


def test_roles_and_verification_of_the_terms_for_emergencies_can_be_left_out() -> None:
    terms = read(
        TERMS.replace("  roles: [zorgcoordinator]\n", "").replace("  verified: true\n", "")
    ).break_glass
    assert terms is not None
    assert terms.roles == frozenset()
    assert not terms.verified


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("00000099100000000200", "00000099100000000300"),
        ("notice_days: 30", "notice_days: 31"),
        ("minutes: 240", "minutes: 241"),
        ("Acuut gevaar", "Gevaar"),
        ("recorded_by: [ggz]", "recorded_by: [ggz, politie]"),
        ("mandates: [intake]", "mandates: [eigen-taak]"),
        ("active_months: 24", "active_months: 25"),
        ("first_contact_days: 2", "first_contact_days: 3"),
        ("safety: Veiligheid", "safety: Anders"),
    ],
)
def test_whoever_signs_signs_all_of_it(old: str, new: str) -> None:
    assert TERMS.count(old) == 1
    assert read(TERMS.replace(old, new)).content_hash != read().content_hash


KNOWN = "is not one of the kinds above"
WRONG = [
    ("notice_days: 30", "x: 30", "convenant.notice_days", 1, "is missing"),
    ("notice_days: 30", "notice_days: dertig", "convenant.notice_days", 1, "has the wrong form"),
    ("notice_days: 30", "notice_days: -1", "convenant.notice_days", 1, "has the wrong form"),
    ("notice_days: 30", "notice_days: 1e2", "convenant.notice_days", 1, "has the wrong form"),
    ("notice_days: 30", "notice_days: 030", "convenant.notice_days", 1, "has the wrong form"),
    ("signatories:", "signers:", "signatories", 1, "is missing"),
    ("00000099100000000200", "123", "signatories[1]", 4, "has the wrong form"),
    ("00000099100000000200", "00000099100000000100", "signatories", 2, "names something twice"),
    (
        '"00000099100000000100"',
        '"00000099100000000100\\n"',
        "signatories[0]",
        3,
        "holds a line end or another character that cannot be seen",
    ),
    (
        "label: Ggz",
        'label: "G\\u202Egz"',
        "kinds.ggz.label",
        6,
        "holds a line end or another character that cannot be seen",
    ),
    ("V: Zeer vertrouwelijk", "X: Geheim", "secrecy.V", 11, "is missing"),
    (
        "V: Zeer vertrouwelijk",
        "V: Zeer, X: Geheim",
        "secrecy.X",
        11,
        "is not a name the convenant knows here",
    ),
    ("recorded_by: [ggz]", "recorded_by: []", "consent.recorded_by", 12, "must not be empty"),
    ("recorded_by: [ggz]", "recorded_by: [ggz, jgz]", "consent.recorded_by[1]", 12, KNOWN),
    ("  asking: [politie]", "  asking: [leger]", "break_glass.asking[0]", 14, KNOWN),
    ("  source: [ggz]\n  sec", "  source: [ggz, jgz]\n  sec", "break_glass.source[1]", 18, KNOWN),
    (
        "roles: [zorgcoordinator]",
        "roles: [behandelaar]",
        "break_glass.roles[0]",
        15,
        "is not one of the roles of the asking kinds",
    ),
    (
        "purposes: [crisis]\n  grounds",
        "purposes: [vakantie]\n  grounds",
        "break_glass.purposes[0]",
        16,
        "is not one of the purposes above",
    ),
    ("{acute-danger: Acuut gevaar}", "{}", "break_glass.grounds", 17, "must not be empty"),
    (
        "{acute-danger:",
        "{Gevaar:",
        "break_glass.grounds.Gevaar",
        17,
        "must be a lower-case code of at most 64 characters",
    ),
    ("secrecy: [N, R]", "secrecy: [N, N]", "break_glass.secrecy", 19, "names something twice"),
    ("minutes: 240", "minutes: 0", "break_glass.minutes", 20, "has the wrong form"),
    ("minutes: 240", "minutes: 1441", "break_glass.minutes", 20, "must be at most 1440"),
    ("review_days: 5", "review_days: 32", "break_glass.review_days", 21, "must be at most 31"),
    ("  review_days: 5\n", "", "break_glass.review_days", 13, "is missing"),
    ("law: AVG", "consent: true", "break_glass.basis.law", 22, "is missing"),
    ("2018-05-25", "2018-05-32", "break_glass.basis.from", 22, "is not a day of the calendar"),
    ("2030-01-01", "2018-05-24", "break_glass.basis.until", 22, "must not be before the first day"),
    ("{safety: Veiligheid}", "{}", "refusal_grounds", 24, "must not be empty"),
    ("safety: Veiligheid", 'safety: ""', "refusal_grounds.safety", 24, "must not be empty"),
    ("  default: {act", "  politie: {act", "retention.default", 25, "is missing"),
    ("  ggz: {active", "  jgz: {active", "retention.jgz", 27, KNOWN),
    ("active_months: 0", "active_months: 1.5", "retention.ggz.active_months", 27, "has the wrong form"),
    ("active_months: 0", "active_months: 1000", "retention.ggz.active_months", 27, "has the wrong form"),
    (", coordinator_days: 5", "", "follow_up.coordinator_days", 28, "is missing"),
    (
        "first_contact_days: 2",
        "first_contact_days: 0",
        "follow_up.first_contact_days",
        28,
        "has the wrong form",
    ),
    (
        "mandates: [intake]",
        "mandates: [uitje]",
        "rules[0].mandates[0]",
        34,
        "is not one of the mandates above",
    ),
    ("mandates: [intake]", "mandates: []", "rules[0].mandates", 34, "must not be empty"),
    ("id: R-1", "id: break-glass", "rules[0].id", 30, "stands twice, or is a reason the index uses itself"),
    (
        "  politie: {label",
        "  default: {label",
        "kinds.default",
        7,
        "is a name that the retention terms use themselves",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "path", "line", "rule"),
    WRONG,
    ids=[f"{path}: {rule} ({new.strip()[:12]!a})" for _, new, path, _, rule in WRONG],
)
def test_a_fault_is_named_with_its_path_and_its_line(
    old: str, new: str, path: str, line: int, rule: str
) -> None:
    assert TERMS.count(old) >= 1
    with pytest.raises(InvalidInput) as caught:
        read(TERMS.replace(old, new, 1))
    assert Violation(path, f"line {line}: {rule}") in caught.value.violations
