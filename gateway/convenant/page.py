"""The convenant as one page to read and to print: no script, nothing from elsewhere, every text escaped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from gateway.convenant.markup import Html, column_heads, element, joined, style, table, text_row
from gateway.convenant.matrix import (
    LEGEND,
    RuleLine,
    classes,
    days_of,
    kinds_in_words,
    marks,
    purposes_in_words,
    rule_lines,
)
from gateway.convenant.model import BreakGlassTerms, Convenant, RetentionTerms
from gateway.domain.dutch import dutch_day

_STYLE = """
body { font: 10pt/1.35 "Liberation Sans", Arial, sans-serif; color: #111;
  margin: 2em auto; max-width: 72em; padding: 0 1em; }
h1 { font-size: 1.7em; margin: 0; } h2 { font-size: 1.2em; margin: 2em 0 .4em; }
table { border-collapse: collapse; margin: .5em 0 1.5em; }
caption { text-align: left; font-weight: bold; padding: .3em 0; }
th, td { border: 1px solid #999; padding: .2em .4em; text-align: left; vertical-align: top; }
thead th { background: #eee; } tbody th { font-weight: normal; }
table.matrix thead th + th { writing-mode: vertical-rl; vertical-align: bottom; font-weight: normal; }
table.matrix td { text-align: center; min-width: 1.4em; padding: .2em; }
a { color: inherit; text-decoration: none; }
.W { background: #d8ecd8; } .T { background: #dce6f7; } .X { background: #f3d5d5; }
.later { background: #eee; color: #555; }
.open { font-weight: bold; } .note { color: #444; }
dl { margin: .3em 0; } dt { font-weight: bold; } dd { margin: 0 0 .4em 1.5em; }
@page { size: A4 landscape; margin: 12mm; }
@media print {
  body { font-size: 7.5pt; margin: 0; max-width: none; padding: 0; }
  thead { display: table-header-group; } tr { break-inside: avoid; } h2 { break-after: avoid; }
  section.purpose { break-before: page; }
  .W, .T, .X, .later, thead th { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
_CLASS_OF_MARK = {"-": "later"}
_NONE = "niets geregeld"


def page(convenant: Convenant, *, on: date) -> str:
    """Return the page: head, legend, a table for each purpose, rules, and the other terms.

    It holds no script and loads nothing. Whatever the convenant says stands in it as text.
    """
    title = f"Convenant {convenant.name}, versie {convenant.version}"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element(
            "meta",
            http_equiv="Content-Security-Policy",
            content="default-src 'none'; style-src 'unsafe-inline'",
        ),
        element("title", title),
        style(_STYLE),
    )
    body = element(
        "body",
        element("h1", title),
        *_head(convenant, on),
        _legend(),
        *(_purpose(convenant, code, on) for code in convenant.purposes),
        _rules(convenant, on),
        *_terms(convenant),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='nl')}\n"


def _head(convenant: Convenant, on: date) -> Iterator[Html]:
    unverified = sum(not rule.verified for rule in convenant.rules)
    yield element(
        "p",
        f"Geldig van {dutch_day(convenant.valid_from)} tot en met {dutch_day(convenant.valid_until)}. ",
        f"Deze pagina toont de stand op {dutch_day(on)}.",
    )
    yield element("p", f"Inhoudskenmerk (SHA-256): {convenant.content_hash}", class_="note")
    if not convenant.in_force(on):
        yield element("p", "Op deze dag is het convenant niet geldig: er wordt niets getoond.", class_="open")
    if unverified:
        yield element(
            "p",
            f"{unverified} van de {len(convenant.rules)} regels zijn niet door een jurist bevestigd.",
            class_="open",
        )


def _legend() -> Html:
    rows = [text_row(mark or " ", text) for mark, text in LEGEND]
    return joined(
        element("h2", "Zo leest u de tabellen"),
        element(
            "p",
            "Een rij is de soort partner van wie de betrokkenheid is; een kolom is de soort partner die vraagt.",
        ),
        table(column_heads("Teken", "Betekenis"), rows, caption="Tekens"),
    )


def _purpose(convenant: Convenant, code: str, on: date) -> Html:
    terms, found = convenant.purposes[code], marks(convenant, code, on=on)
    title = element("h2", f"{terms.label} ({code})")
    if not found:
        return element(
            "section", title, element("p", "Geen regel toont iets voor dit doel."), class_="purpose"
        )
    sources = [kind for kind in convenant.kinds if any(source == kind for source, _ in found)]
    asking = [kind for kind in convenant.kinds if any(asker == kind for _, asker in found)]
    rows = []
    for source in sources:
        cells = []
        for asker in asking:
            mark = found.get((source, asker))
            if mark is None:
                cells.append(element("td"))
            else:
                shown = element("a", mark.text, href=f"#regel-{mark.rules[0]}", title=", ".join(mark.rules))
                cells.append(element("td", shown, class_=_CLASS_OF_MARK.get(mark.mark, mark.mark)))
        rows.append(element("tr", element("th", convenant.kinds[source].label, scope="row"), *cells))
    heads = column_heads("Betrokkenheid van", *(convenant.kinds[kind].label for kind in asking))
    grid = table(heads, rows, caption=f"Wie ziet wat voor: {terms.label}", class_="matrix")
    return element("section", title, grid, class_="purpose")


def _rules(convenant: Convenant, on: date) -> Html:
    heads = column_heads(
        "Regel",
        "",
        "Betrokkenheid van",
        "Aan",
        "Doelen",
        "Grondslag",
        "Bijzonderheden",
        "Bevestigd door jurist",
    )
    rows = [_rule(line) for line in rule_lines(convenant, on=on)]
    return element(
        "section",
        element("h2", "Regels"),
        table(heads, rows, caption="Alle regels, in volgorde"),
        class_="purpose",
    )


def _rule(line: RuleLine) -> Html:
    ground = f"{line.ground} ({line.days})" if line.days else line.ground
    cells = [
        element("td", line.effect, class_="X" if line.effect == "verbod" else ""),
        *(element("td", text) for text in (line.sources, line.asking, line.purposes)),
        element(
            "td", ground if line.holds else f"{ground}: geldt niet", class_="" if line.holds else "later"
        ),
        element("td", "; ".join(line.conditions)),
        element("td", "ja" if line.verified else "NEE", class_="" if line.verified else "open"),
    ]
    return element("tr", element("th", line.id, scope="row"), *cells, id=f"regel-{line.id}")


def _terms(convenant: Convenant) -> Iterator[Html]:
    yield _list("Ondertekenaars (OIN)", sorted(convenant.signatories))
    yield element("p", f"Een opvolger wordt ten minste {convenant.notice_days} dagen vooraf neergelegd.")
    recorders = kinds_in_words(convenant, convenant.consent_recorders)
    yield _list("Wie toestemming mag vastleggen", [recorders] if recorders else [])
    yield element("h2", "Noodprocedure")
    terms = convenant.break_glass
    yield element("p", _NONE) if terms is None else _break_glass(convenant, terms)
    yield _list("Geheimhoudingsklassen", [f"{code}: {text}" for code, text in convenant.secrecy.items()])
    yield _list("Gronden om niet te delen", list(convenant.refusal_grounds.values()))
    yield _list("Bewaren", list(_retention(convenant)))
    yield _list("Opvolging", _follow_up(convenant))


def _list(title: str, lines: list[str]) -> Html:
    content = element("ul", *(element("li", line) for line in lines)) if lines else element("p", _NONE)
    return joined(element("h2", title), content)


def _break_glass(convenant: Convenant, terms: BreakGlassTerms) -> Html:
    roles = ", ".join(sorted(terms.roles)) or "alle rollen"
    described = (
        ("Wie mag de noodprocedure inroepen", f"{kinds_in_words(convenant, terms.kinds)} ({roles})"),
        ("Voor", purposes_in_words(convenant, terms.purposes)),
        ("Wat dan zichtbaar is", kinds_in_words(convenant, terms.sources)),
        ("Geheimhoudingsklassen", classes(terms.secrecy)),
        ("Gronden", "; ".join(terms.grounds.values())),
        ("Grondslag", f"{terms.basis} ({days_of(terms.basis)})"),
        ("Duur", f"{terms.minutes} minuten"),
        ("Toetsing door de functionarissen", f"binnen {terms.review_days} dagen"),
        ("Bevestigd door jurist", "ja" if terms.verified else "NEE"),
    )
    return element(
        "dl", *(part for name, text in described for part in (element("dt", name), element("dd", text)))
    )


def _retention(convenant: Convenant) -> Iterator[str]:
    if convenant.default_retention is not None:
        yield f"Iedereen: {_months(convenant.default_retention)}"
    for kind, terms in convenant.retention.items():
        yield f"{kinds_in_words(convenant, frozenset({kind}))}: {_months(terms)}"


def _months(terms: RetentionTerms) -> str:
    return f"tot {terms.active_months} maanden na het einde, daarna als historie tot {terms.history_months} maanden"


def _follow_up(convenant: Convenant) -> list[str]:
    terms = convenant.follow_up
    if terms is None:
        return []
    return [
        f"Eerste contact binnen {terms.first_contact_days} werkdagen",
        f"Coördinator benoemd binnen {terms.coordinator_days} werkdagen",
    ]
