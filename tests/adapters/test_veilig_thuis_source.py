"""Reading Veilig Thuis exports: free in order and spelling, strict in charset and columns, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import adapters.veilig_thuis
from adapters.kit.csv_rows import read_csv
from adapters.kit.model import SourceRecord, UnreadableRecord
from adapters.veilig_thuis import ADAPTER
from adapters.veilig_thuis.source import USED_COLUMNS
from gateway.errors import InvalidInput
from tests.support.veilig_thuis import COLUMNS, csv_of, row, xml_of

FIXTURES = Path(adapters.veilig_thuis.__file__).parent / "fixtures"


def write(folder: Path, content: str | bytes, name: str = "export.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def contents(export: Path, charset: str = "utf-8") -> list[dict[str, str]]:
    records = list(ADAPTER.with_options({"charset": charset}).read(export))
    assert all(isinstance(record, SourceRecord) for record in records)
    return [record.content for record in records if isinstance(record, SourceRecord)]


def refusal(export: Path) -> str:
    with pytest.raises(InvalidInput) as caught:
        list(ADAPTER.read(export))
    return str(caught.value)


def test_columns_may_stand_in_any_order_case_and_spacing_after_a_byte_order_mark(tmp_path: Path) -> None:
    names = [f" {name.upper()} " for name in reversed(COLUMNS)]
    values = [row()[name] for name in reversed(COLUMNS)]
    export = write(tmp_path, "\ufeff" + ";".join(names) + "\r\n" + " ; ".join(values) + "\r\n")
    assert contents(export) == [row()]


def test_a_declared_charset_is_used(tmp_path: Path) -> None:
    text = csv_of([row(meldingtype="hermelding één betrokkene")])
    export = write(tmp_path, text.encode("windows-1252"))
    assert contents(export, "windows-1252")[0]["meldingtype"] == "hermelding één betrokkene"


def test_a_byte_of_another_charset_refuses_the_whole_export_with_the_line(tmp_path: Path) -> None:
    text = csv_of([row(), row(toelichting="één")])
    assert refusal(write(tmp_path, text.encode("latin-1"))) == "file line 3: must be text in utf-8"
    assert refusal(write(tmp_path, csv_of([row()]).encode("utf-16"))) == "file line 1: must be text in utf-8"


def test_a_missing_or_doubled_column_refuses_the_whole_export(tmp_path: Path) -> None:
    without = csv_of([row()], columns=[name for name in COLUMNS if name != "bsn"])
    assert refusal(write(tmp_path, without)).endswith("missing: bsn")
    assert "doubled: bsn" in refusal(write(tmp_path, csv_of([row()], columns=[*COLUMNS, "bsn"])))
    assert "missing" in refusal(write(tmp_path, csv_of([row()]).replace(";", ",")))
    assert "missing" in refusal(write(tmp_path, ""))


def test_a_content_column_may_be_absent_and_an_unknown_one_present(tmp_path: Path) -> None:
    columns = [*USED_COLUMNS, "zaakkleur"]
    assert contents(write(tmp_path, csv_of([row()], columns=columns)))[0]["bsn"] == row()["bsn"]


@pytest.mark.parametrize("broken", ["C-1;M-1;2024-02-05", ";".join(["x"] * 25), '"C-1;M-1', "los"])
def test_a_row_that_is_cut_off_is_one_broken_row_and_spoils_no_other(tmp_path: Path, broken: str) -> None:
    lines = csv_of([row(casusnr="C-1"), row(casusnr="C-2")]).splitlines()
    export = write(tmp_path, "\n".join([lines[0], lines[1], broken, lines[2]]) + "\n")
    records = list(ADAPTER.read(export))
    assert [record.place for record in records] == ["line 2", "line 3", "line 4"]
    assert isinstance(records[1], UnreadableRecord)
    assert records[1].error.violations[0].path == "row"
    last = records[2]
    assert isinstance(last, SourceRecord)
    assert last.content["casusnr"] == "C-2"


def test_a_quoted_text_may_hold_separators_quotes_and_line_ends(tmp_path: Path) -> None:
    lines = csv_of([row(toelichting='"een; ""twee""\ndrie"'), row(casusnr="C-2")])
    found = contents(write(tmp_path, lines))
    assert [item["toelichting"] for item in found] == ['een; "twee"\ndrie', ""]


def test_a_stray_quote_in_a_text_costs_nothing(tmp_path: Path) -> None:
    found = contents(write(tmp_path, csv_of([row(toelichting='buis van 5" lang'), row(casusnr="C-2")])))
    assert [item["casusnr"] for item in found] == ["C-1", "C-2"]


@given(
    rows=st.lists(
        st.lists(
            st.text(
                st.characters(
                    codec="utf-8", exclude_characters="\x00\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
                )
            ),
            min_size=2,
            max_size=2,
        ),
        max_size=8,
    )
)
def test_whatever_is_written_with_quotes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    quoted = [";".join('"' + cell.replace('"', '""') + '"' for cell in cells) for cells in rows]
    export = write(tmp_path_factory.mktemp("csv"), "a;b\n" + "".join(f"{line}\n" for line in quoted))
    found = list(read_csv(export, charset="utf-8", separator=";", required=["a", "b"]))
    assert [item.values for item in found] == [{"a": a.strip(), "b": b.strip()} for a, b in rows]


def test_any_element_with_a_case_number_is_a_row_of_an_xml_export(tmp_path: Path) -> None:
    export = write(tmp_path, xml_of([row(), row(casusnr="C-2")]), "export.xml")
    assert contents(export) == [row(), row(casusnr="C-2")]


def test_the_content_and_not_the_name_says_whether_an_export_is_xml(tmp_path: Path) -> None:
    assert contents(write(tmp_path, "\ufeff" + xml_of([row()]), "export.txt")) == [row()]
    utf16 = xml_of([row()]).replace("UTF-8", "UTF-16").encode("utf-16")
    assert contents(write(tmp_path, utf16, "export.dat")) == [row()]


def test_an_element_that_occurs_twice_breaks_its_row_alone(tmp_path: Path) -> None:
    doubled = xml_of([row(), row(casusnr="C-2")]).replace("<bsn>", "<bsn>1</bsn><bsn>", 1)
    records = list(ADAPTER.read(write(tmp_path, doubled)))
    assert isinstance(records[0], UnreadableRecord)
    assert str(records[0].error) == "bsn: must occur once"
    assert isinstance(records[1], SourceRecord)


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE e [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefg", "bcdefgh", strict=True))
    + "]><e><rij><casusnr>&h;</casusnr></rij></e>"
)
EXTERNAL = (
    '<?xml version="1.0"?><!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<e><rij><casusnr>&x;</casusnr></rij></e>"
)


@pytest.mark.parametrize("document", [BOMB, EXTERNAL, "<!DOCTYPE e><e/>"])
def test_bombs_external_entities_and_document_types_are_refused(tmp_path: Path, document: str) -> None:
    assert refusal(write(tmp_path, document)) == "file: must not declare a document type or an entity"


def test_broken_xml_yields_nothing_not_even_the_rows_before_the_break(tmp_path: Path) -> None:
    cut = xml_of([row(), row(casusnr="C-2")])[:-40]
    records = ADAPTER.read(write(tmp_path, cut))
    with pytest.raises(InvalidInput, match=r"file line 1: must be well-formed XML"):
        next(records)


def test_bottomless_nesting_and_unknown_charsets_are_refused(tmp_path: Path) -> None:
    assert "nest" in refusal(write(tmp_path, "<a>" * 1000 + "</a>" * 1000))
    unknown = xml_of([row()]).replace("UTF-8", "x-klingon")
    assert refusal(write(tmp_path, unknown)).startswith("file")


def test_the_fixtures_are_read() -> None:
    assert len(list(ADAPTER.read(FIXTURES / "export.csv"))) == 8
    assert len(list(ADAPTER.read(FIXTURES / "export.xml"))) == 2
