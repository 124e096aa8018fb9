"""The page to print: everything in it, nothing that runs or loads, and no text that becomes markup."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.convenant.markup import Html, element, joined, style
from gateway.convenant.model import (
    Convenant,
    FollowUpTerms,
    KindTerms,
    PurposeTerms,
    RetentionTerms,
    StatuteBasis,
)
from gateway.convenant.page import page
from gateway.domain import SecrecyClass
from tests.support.convenants import (
    GGZ,
    PURPOSES,
    TODAY,
    break_glass,
    convenant,
    example,
    rule,
)
from tests.support.sealed import OIN_VT

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><script>alert(1)</script>",
    "</title><svg onload=alert(1)>",
    "&lt;b&gt; & <!-- -->",
    "javascript:alert(1)",
)
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "section", "table", "caption", "thead",
    "tbody", "tr", "th", "td", "a", "ul", "li", "dl", "dt", "dd",
}  # fmt: skip


class Reader(HTMLParser):
    """Keeps the elements with their attributes, the text outside styles, and whether every element was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def hostile(text: str) -> Convenant:
    """Return a convenant that says this everywhere where it can say something."""
    law = StatuteBasis(law=text, article=text, since=date(2020, 1, 1))
    base = convenant()
    return replace(
        base,
        name=text,
        kinds={kind: KindTerms(label=text, roles=frozenset({text})) for kind in base.kinds},
        purposes={code: PurposeTerms(label=text, act_reason="TREAT") for code in base.purposes},
        mandates=frozenset({text}),
        rules=(rule(id=text, basis=law, roles=frozenset({text}), mandates=frozenset({text})),),
        secrecy=dict.fromkeys(SecrecyClass, text),
        refusal_grounds={"one": text},
        break_glass=break_glass(basis=law, grounds={"one": text}, roles=frozenset({text})),
    )


def assert_safe(reader: Reader) -> None:
    assert {tag for tag, _ in reader.elements} <= ALLOWED
    for tag, attributes in reader.elements:
        names = {name for name in attributes if not name.startswith("http-")}
        assert names <= {"lang", "charset", "content", "class", "scope", "href", "title", "id"}, tag
        assert (attributes.get("href") or "#").startswith("#")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_a_convenant_says_stands_in_the_page_as_text(text: str) -> None:
    reader = read(page(hostile(text), on=TODAY))
    assert_safe(reader)
    # A name, four kinds, a purpose and a role at least: it is there, and was not thrown away.
    assert reader.text.count(text) > 7


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20))
def test_no_text_at_all_changes_the_elements_of_the_page(text: str) -> None:
    elements = [tag for tag, _ in read(page(hostile(text), on=TODAY)).elements]
    assert elements == [tag for tag, _ in read(page(hostile("x"), on=TODAY)).elements]


def test_the_page_of_the_example_runs_nothing_and_loads_nothing() -> None:
    text = page(example(), on=TODAY)
    reader = read(text)
    assert_safe(reader)
    assert "url(" not in text
    assert "@import" not in text
    policy = [each.get("content") for tag, each in reader.elements if tag == "meta" and "http-equiv" in each]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert text.startswith('<!DOCTYPE html>\n<html lang="nl">')


def test_the_page_of_the_example_has_every_purpose_rule_kind_and_ground() -> None:
    reader, agreement = read(page(example(), on=TODAY)), example()
    ids = {each.get("id") for _, each in reader.elements}
    for one in agreement.rules:
        assert f"regel-{one.id}" in ids
        assert str(one.basis) in reader.text
    labels = [kind.label for kind in agreement.kinds.values()]
    for label in (*labels, *(purpose.label for purpose in agreement.purposes.values())):
        assert label in reader.text
    assert agreement.content_hash in reader.text
    for signatory in agreement.signatories:
        assert signatory in reader.text


def test_every_cell_leads_to_a_rule_that_is_there() -> None:
    reader = read(page(example(), on=TODAY))
    ids = {each.get("id") for _, each in reader.elements}
    leads = [(each.get("href") or "")[1:] for tag, each in reader.elements if tag == "a"]
    assert len(leads) > 1000
    assert set(leads) <= ids


def test_every_table_repeats_its_heads_on_paper() -> None:
    text = page(example(), on=TODAY)
    assert text.count("<table") == text.count('<thead><tr><th scope="col"')
    assert "thead { display: table-header-group; }" in text
    assert "@media print" in text


def test_what_no_jurist_confirmed_stands_out() -> None:
    reader = read(page(convenant(rule(verified=False), break_glass=break_glass(verified=False)), on=TODAY))
    assert "1 van de 1 regels zijn niet door een jurist bevestigd." in reader.text
    assert reader.text.count("NEE") == 2


def test_what_is_not_arranged_is_said_and_what_is_arranged_is_told() -> None:
    bare = read(page(convenant(consent_recorders=frozenset()), on=TODAY)).text
    assert bare.count("niets geregeld") == 7
    full = read(
        page(
            convenant(
                rule(),
                signatories=frozenset({OIN_VT}),
                notice_days=30,
                secrecy={SecrecyClass.NORMAL: "Gewoon"},
                refusal_grounds={"task": "Buiten de taak"},
                break_glass=break_glass(),
                default_retention=RetentionTerms(active_months=24, history_months=36),
                retention={GGZ: RetentionTerms(active_months=1, history_months=2)},
                follow_up=FollowUpTerms(first_contact_days=2, coordinator_days=5),
            ),
            on=TODAY,
        )
    ).text
    assert "niets geregeld" not in full
    for told in (
        OIN_VT,
        "30 dagen vooraf",
        "240 minuten",
        "Acuut gevaar",
        "binnen 5 dagen",
        "Iedereen: tot 24 maanden na het einde, daarna als historie tot 36 maanden",
        "ggz: tot 1 maanden",
        "N: Gewoon",
        "Buiten de taak",
        "Coördinator benoemd binnen 5 werkdagen",
    ):
        assert told in full


def test_a_purpose_without_rules_says_so_and_a_convenant_outside_its_days_too() -> None:
    text = read(page(convenant(rule(purposes=frozenset({PURPOSES[0]}))), on=date(2027, 1, 1))).text
    assert "Geen regel toont iets voor dit doel." in text
    assert "Op deze dag is het convenant niet geldig" in text


def test_html_added_to_text_is_text_again() -> None:
    """What is not known to be made here is escaped, so a slip shows as `&lt;` and never runs."""
    made = element("b", "x")
    assert element("p", made) == "<p><b>x</b></p>"
    assert element("p", made + "") == "<p>&lt;b&gt;x&lt;/b&gt;</p>"
    assert element("p", f"{made}") == "<p>&lt;b&gt;x&lt;/b&gt;</p>"
    assert isinstance(joined(made, "<"), Html)
    assert unescape(joined("<&>\"'")) == "<&>\"'"


def test_a_style_sheet_cannot_end_its_element() -> None:
    with pytest.raises(ValueError, match="angle bracket"):
        style("</style>")
