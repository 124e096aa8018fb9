"""HTML in which every text is escaped unless it was made here."""

from __future__ import annotations

from html import escape

_VOID = frozenset({"meta", "br"})


class Html(str):
    """Text that is HTML already. Only this module makes it: what is a plain `str` gets escaped."""

    __slots__ = ()


def element(name: str, *content: str, **attributes: str) -> Html:
    """Return an element. Content and attribute values are escaped, elements in the content are kept.

    An attribute's `_` stands for a dash, one at the end for nothing (`class_`, `http_equiv`).
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value, quote=True)}"'
        for key, value in attributes.items()
    )
    if name in _VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{joined(*content)}</{name}>")


def joined(*content: str) -> Html:
    """Return the contents one after the other, escaped where they are not HTML already."""
    return Html("".join(each if isinstance(each, Html) else escape(each, quote=True) for each in content))


def style(rules: str) -> Html:
    """Return a style sheet of our own: a constant, never anything that came in.

    Raises:
        ValueError: it could end the element.

    """
    if "<" in rules:
        raise ValueError("a style sheet has no angle bracket")
    return Html(f"<style>{rules}</style>")


def table(heads: list[Html], rows: list[Html], *, caption: str, class_: str = "") -> Html:
    """Return a table with one row of heads, which are repeated on every printed page."""
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *heads)),
        element("tbody", *rows),
        class_=class_,
    )


def text_row(head: str, *cells: str) -> Html:
    """Return a row that its first cell names."""
    return element("tr", element("th", head, scope="row"), *(element("td", cell) for cell in cells))


def column_heads(*texts: str) -> list[Html]:
    """Return the heads of columns."""
    return [element("th", text, scope="col") for text in texts]
