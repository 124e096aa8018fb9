"""`verwijsindex convenant check|show|explain|diff` on files: what a jurist sees, and exit codes for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli.convenant import app
from gateway.cli.output import Exit, console, exit_code_of
from gateway.errors import ConfigurationError, InvalidInput
from tests.support.convenants import example, example_text

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "convenants"
ON = ("--on", "2026-03-02")


@pytest.fixture(autouse=True)
def _narrow_terminal() -> Iterator[None]:
    """The console of the commands is made once: give it the width of a plain terminal, whatever runs the tests."""
    width = console.width
    console.width = 80
    yield
    console.width = width


@pytest.fixture
def region(tmp_path: Path) -> Path:
    file = tmp_path / "region.yaml"
    file.write_bytes(example_text())
    return file


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done


def run_json(*arguments: str, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code).stdout)


def changed(region: Path, *changes: tuple[str, str]) -> Path:
    text = region.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    other = region.with_name("changed.yaml")
    other.write_text(text, "utf-8")
    return other


class TestCheck:
    def test_findings_stand_with_file_and_line_and_end_with_1(self) -> None:
        file = VECTORS / "shadowed-and-expired.yaml"
        lines = run("check", str(file), *ON, code=Exit.FINDINGS).stdout.splitlines()
        assert lines[0].startswith(f"{file} kan worden gebruikt: Vectorregio 1.0 sha256:")
        assert [line.rpartition(f"{file}:")[2].split(": ")[:3] for line in lines[1:-1]] == [
            ["33", "shadowed", "R-2"],
            ["40", "expired", "R-3"],
            ["46", "covered", "R-4"],
            ["52", "unverified", "R-5"],
            ["52", "duplicate", "R-5"],
        ]
        assert lines[-1] == "Aandachtspunten: 5"

    def test_findings_are_json_with_their_lines(self) -> None:
        printed = run_json("check", str(VECTORS / "shadowed-and-expired.yaml"), *ON, code=Exit.FINDINGS)
        assert [(each["code"], each["where"], each["line"]) for each in printed["findings"]][:2] == [
            ("shadowed", "R-2", 33),
            ("expired", "R-3", 40),
        ]

    def test_a_convenant_without_findings_ends_with_0(self, tmp_path: Path) -> None:
        text = (VECTORS / "shadowed-and-expired.yaml").read_text("utf-8")
        clean = text[: text.index("  - id: R-2")].replace("2026-12-31", "2028-12-31")
        file = tmp_path / "clean.yaml"
        file.write_text(clean, "utf-8")
        assert "Aandachtspunten: geen" in run("check", str(file), *ON).stdout
        assert run_json("check", str(file), *ON)["findings"] == []

    @pytest.mark.parametrize(
        ("name", "where"),
        [
            ("schema", ":32: rules[0].basis.law: is missing"),
            ("unknown-kind", ":36: rules[1].source[1]: is not one of the kinds above"),
            ("doubled-rule", ":33: rules[1].id: stands twice"),
            ("dates", ":6: convenant.valid_until: must not be before the first day"),
        ],
        ids=["schema", "unknown-kind", "doubled-rule", "dates"],
    )
    def test_a_file_that_cannot_be_used_says_every_fault_and_ends_with_2(self, name: str, where: str) -> None:
        file = VECTORS / f"{name}.yaml"
        done = run("check", str(file), code=Exit.USAGE)
        assert f"verwijsindex: {file}{where}" in done.stderr
        printed = json.loads(run("check", str(file), "--json", code=Exit.USAGE).stdout)
        assert printed["convenant"] is None
        assert len(printed["faults"]) == len(done.stderr.splitlines())
        assert all(each["line"] and each["path"] and each["rule"] for each in printed["faults"])

    def test_a_file_that_is_no_text_has_no_line_and_ends_with_2(self, tmp_path: Path) -> None:
        file = tmp_path / "binary.yaml"
        file.write_bytes(b"\xff\xfe")
        assert run_json("check", str(file), code=Exit.USAGE)["faults"] == [
            {"path": "convenant", "line": None, "rule": "must be UTF-8"}
        ]

    def test_a_file_that_is_not_there_is_a_configuration_error(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="cannot read"):
            run("check", str(tmp_path / "none.yaml"))

    def test_what_a_file_says_is_never_repeated_where_it_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "planted.yaml"
        file.write_text("convenant: PLANTED\nrules: [PLANTED]\n", "utf-8")
        done = run("check", str(file), code=Exit.USAGE)
        assert "PLANTED" not in done.stdout + done.stderr


class TestShow:
    def test_the_tables_of_24_kinds_fit_a_plain_terminal(self, region: Path) -> None:
        lines = run("show", str(region), *ON).stdout.splitlines()
        start, end = (
            lines.index("Soorten partners"),
            next(n for n, line in enumerate(lines) if "Regels" in line),
        )
        assert max(len(line) for line in lines[start + 26 : end]) <= 80

    def test_every_kind_purpose_and_rule_is_there(self, region: Path) -> None:
        text = run("show", str(region), *ON).stdout
        for kind, terms in example().kinds.items():
            assert f"{terms.label} ({kind})" in text
        for code, known in example().purposes.items():
            assert f"{known.label} ({code})" in text
        for one in example().rules:
            assert f"\n  {one.id}: " in text

    def test_a_row_shows_what_each_kind_sees(self, region: Path) -> None:
        lines = run("show", str(region), *ON).stdout.splitlines()
        start = next(n for n, line in enumerate(lines) if "(child-protection-investigation)" in line)
        heads, rows = lines[start + 1 : start + 3], lines[start + 3 : start + 5]
        assert heads[1].split()[:3] == ["1", "2", "9"]
        assert rows[0].split() == ["1", "Veilig", "Thuis", "·", "W", "W", "W", "W", "·"]

    def test_nothing_a_person_reads_is_wider_than_a_plain_terminal(self, region: Path) -> None:
        for given in ((), ("--kind", "politie")):
            lines = run("show", str(region), *given, *ON).stdout.splitlines()
            assert [
                line
                for line in lines
                if len(line) > 80 and "sha256:" not in line and " de nummers " not in line
            ] == []

    def test_one_kind_is_told_by_rule_in_the_words_of_the_convenant(self, region: Path) -> None:
        text = run("show", str(region), "--kind", "politie", *ON).stdout
        shows, sees = text.split("Wat zichtbaar is voor: Politie")
        assert "Wat wordt getoond van: Politie" in shows
        assert ("  POL-1: mag\n" in shows, "  POL-1: mag\n" in sees) == (True, False)
        assert ("  VT-1: mag\n" in shows, "  VT-1: mag\n" in sees) == (False, True)
        assert "Veiligheidsbeoordeling, Onderzoek kinderbescherming, Crisis" in " ".join(shows.split())
        assert "raad_voor_de_kinderbescherming" not in text
        assert "safety-assessment" not in text

    def test_one_kind_is_a_row_for_each_pair_for_programs(self, region: Path) -> None:
        printed = run_json("show", str(region), "--kind", "ggz", *ON)
        assert all("ggz" in {row["source"], row["asking"]} for row in printed["rows"])
        assert len(printed["rows"]) > 20

    def test_a_kind_that_is_not_there_is_refused(self, region: Path) -> None:
        with pytest.raises(InvalidInput, match="kind: the convenant does not have"):
            run("show", str(region), "--kind", "brandweer")

    def test_the_page_is_written(self, region: Path, tmp_path: Path) -> None:
        out = tmp_path / "convenant.html"
        assert str(out) in run("show", str(region), "--html", str(out), *ON).stdout.replace("\n", "")
        assert out.read_text("utf-8").startswith("<!DOCTYPE html>")

    def test_a_page_that_cannot_be_written_is_a_configuration_error(
        self, region: Path, tmp_path: Path
    ) -> None:
        with pytest.raises(ConfigurationError, match="cannot write"):
            run("show", str(region), "--html", str(tmp_path / "none" / "page.html"))

    def test_brackets_in_a_name_are_shown_and_are_no_instruction_to_the_terminal(self, region: Path) -> None:
        hostile = changed(region, ("label: Veilig Thuis\n", 'label: "[/b][red]Veilig"\n'))
        text = run("show", str(hostile), *ON).stdout
        assert "[/b][red]Veilig" in text


class TestExplain:
    def explain(self, region: Path, *given: str) -> Any:
        return run_json("explain", str(region), "--source", "ggz", "--asking", "politie", *given, *ON)

    @pytest.mark.parametrize(
        ("given", "rule", "shown"),
        [
            (("--own",), "no-consent", False),
            (("--own", "--consent"), "TOEST-1", True),
            (("--own", "--consent", "--objection"), "objection", False),
            (("--own", "--consent", "--shielded"), "shielded", False),
            (("--own", "--consent", "--secrecy", "V"), "secrecy-class", False),
            (("--consent",), "no-own-involvement", False),
        ],
        ids=["nothing-said", "consent", "objection", "shielded", "secrecy", "apart"],
    )
    def test_what_is_supposed_decides(
        self, region: Path, given: tuple[str, ...], rule: str, shown: bool
    ) -> None:
        printed = self.explain(region, "--purpose", "crisis", *given)
        found = printed["involvements"][0]
        assert (found["rule"], found["shown"]) == (rule, shown)
        assert len(found["rules"]) == len(example().rules)

    def test_an_emergency_is_explained(self, region: Path) -> None:
        found = self.explain(region, "--purpose", "crisis", "--break-glass")["involvements"][0]
        assert found["rules"][-1]["rule"] == "break-glass"

    def test_rules_about_other_kinds_are_a_number_unless_all_are_wanted(self, region: Path) -> None:
        asked = ("explain", str(region), "--source", "ggz", "--asking", "politie", "--purpose", "crisis", *ON)
        text = run(*asked, "--own").stdout
        others = sum(not ("ggz" in one.sources and "politie" in one.asking) for one in example().rules)
        assert f"{others} andere regels gaan niet over deze soorten partners" in text
        assert "VT-1" not in text
        everything = run(*asked, "--own", "--all").stdout
        for one in example().rules:
            assert f"Regel {one.id} " in everything

    def test_another_day_is_another_answer(self, region: Path) -> None:
        asked = ("explain", str(region), "--source", "jeugdhulp", "--asking", "onderwijs", "--own")
        for day, rule in (("2026-12-31", "VIR-1"), ("2027-01-02", "no-consent")):
            printed = run_json(*asked, "--purpose", "coordination-of-care", "--on", day)
            assert printed["involvements"][0]["rule"] == rule

    @pytest.mark.parametrize(
        "given",
        [
            ("--source", "brandweer", "--asking", "politie", "--purpose", "crisis"),
            ("--source", "ggz", "--asking", "brandweer", "--purpose", "crisis"),
            ("--source", "ggz", "--asking", "politie", "--purpose", "crisis", "--secrecy", "X"),
            ("--source", "ggz", "--asking", "politie", "--purpose", "nothing"),
            ("--source", "ggz", "--asking", "politie", "--purpose", "crisis", "--role", "x"),
            ("--source", "ggz", "--asking", "politie", "--purpose", "crisis", "--mandate", "x"),
        ],
        ids=["source", "asking", "secrecy", "purpose", "role", "mandate"],
    )
    def test_what_the_convenant_does_not_have_cannot_be_supposed(
        self, region: Path, given: tuple[str, ...]
    ) -> None:
        with pytest.raises(InvalidInput, match="the convenant does not have this") as refused:
            run("explain", str(region), *given)
        assert exit_code_of(refused.value) == Exit.USAGE

    def test_what_is_left_out_and_has_no_first_is_said_to_be_required(self, region: Path) -> None:
        given = {"--source": "ggz", "--asking": "politie", "--purpose": "crisis"}
        for missing in given:
            named = [word for name, code in given.items() if name != missing for word in (name, code)]
            with pytest.raises(InvalidInput, match=f"{missing[2:]}: is required: name a .*, with {missing}"):
                run("explain", str(region), *named)

    def test_a_role_and_a_mandate_that_are_left_out_are_the_first_in_the_file(self, region: Path) -> None:
        [asked, *_] = self.explain(region, "--purpose", "crisis", "--own")["asker"]
        assert "in de rol wijkagent, met mandaat eigen-taak" in asked
        turned = changed(
            region,
            ("[wijkagent, zorgcoordinator]", "[zorgcoordinator, wijkagent]"),
            ("[eigen-taak, casusregie, intake]", "[intake, casusregie, eigen-taak]"),
        )
        [asked, *_] = self.explain(turned, "--purpose", "crisis", "--own")["asker"]
        assert "in de rol zorgcoordinator, met mandaat intake" in asked

    def test_a_file_or_a_record_is_needed_and_not_both(self, region: Path) -> None:
        with pytest.raises(InvalidInput, match="--record"):
            run("explain")
        with pytest.raises(InvalidInput, match="leave it out"):
            run("explain", str(region), "--record", "x")

    def test_who_reads_a_question_on_record_must_be_named(self) -> None:
        with pytest.raises(InvalidInput, match="reviewer: is required"):
            run("explain", "--record", "x")
        with pytest.raises(InvalidInput, match="reviewer: must be"):
            run("explain", "--record", "x", "--reviewer", "Een Naam")


class TestDiff:
    def test_the_same_file_twice_says_the_same(self, region: Path) -> None:
        assert "De twee zeggen hetzelfde." in run("diff", str(region), str(region)).stdout
        printed = run_json("diff", str(region), str(region))
        assert (printed["cells"], printed["rules"], printed["terms"]) == ([], [], [])

    def test_a_change_is_told_in_cells_rules_and_terms(self, region: Path) -> None:
        new = changed(
            region,
            ('law: Wams, article: "2.1", from: null', 'law: Wams, article: "2.1", from: 2026-06-01'),
            ('version: "1.0"', 'version: "1.1"'),
        )
        printed = run_json("diff", str(region), str(new), "--on", "2026-06-01")
        assert printed["rules"] == [{"rule": "WAMS-1", "change": "changed", "parts": ["basis"]}]
        assert [(each["term"], each["before"], each["after"]) for each in printed["terms"]] == [
            ("convenant.version", "1.0", "1.1")
        ]
        assert {(cell["before"], cell["after"]) for cell in printed["cells"]} == {("consent", "law")}
        assert {cell["purpose"] for cell in printed["cells"]} == {"coordination-of-care"}
        text = run("diff", str(region), str(new), "--on", "2026-06-01").stdout
        assert (
            "  wijkteam voor sociale_zaken, schuldhulp; coordination-of-care: met toestemming -> op grond van een "
            "wet (met eigen betrokkenheid; klasse N, R)\n"
        ) in text
        assert "\n  WAMS-1: gewijzigd (basis)\n" in text
        assert "\n  convenant.version: 1.0 -> 1.1\n" in text

    def test_without_a_day_the_first_day_of_the_new_version_counts_if_it_is_to_come(
        self, region: Path
    ) -> None:
        new = changed(region, ("valid_from: 2026-01-01", "valid_from: 2030-01-01"))
        assert run_json("diff", str(region), str(new))["on"] == "2030-01-01"

    def test_a_name_that_is_no_file_needs_the_settings(self, region: Path) -> None:
        with pytest.raises(ConfigurationError, match="--config"):
            run("diff", str(region), "2.0")
