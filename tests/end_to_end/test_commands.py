"""The commands as a person uses them: separate processes, clear output, exit codes that scripts can use."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.cli.output import Exit
from gateway.index.migrate import SCHEMA
from tests.support.facts import involvement, message
from tests.support.trial import Trial

HEADER = (
    "casusnr;meldingnr;datum_melding;meldertype;meldingtype;bsn;rol;aard_geweld;veiligheidsbeoordeling_datum;"
    "veiligheidsbeoordeling_uitkomst;dienst;dienst_start;dienst_eind;overdracht_partij;overdracht_datum;"
    "monitoring_start;monitoring_eind;contact_desk;toelichting"
)
ROWS = (
    "C1;M1;2026-05-04;Onderwijs;eerste melding;999993653;slachtoffer;x;;;Onderzoek;2026-05-06;;;;;;frontoffice;y",
    "C1;M1;2026-05-04;Onderwijs;eerste melding;999911120;kind;x;;;Onderzoek;2026-05-06;;;;;;frontoffice;y",
    "C2;M2;2026-05-04;Onderwijs;eerste melding;;kind;x;;;Onderzoek;2026-05-06;;;;;;frontoffice;y",
    "C3;M3;2026-05-04;Onderwijs;eerste melding;999940003;kind;x;;;Onderzoek;2026-05-06;;;;;;frontoffice;y",
)
REPORT = """<?xml version="1.0" encoding="UTF-8"?>
<export><zorgformulier><registratienummer>PL0900-2026-000001</registratienummer>
<incidentdatumtijd>2026-06-01T21:30:00</incidentdatumtijd><incidentcode>E33</incidentcode>
<betrokkenen><betrokkene><rol>betrokkene</rol><bsn>999993653</bsn></betrokkene></betrokkenen>
<contactdesk>zorgcoordinatie</contactdesk></zorgformulier></export>
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    trial = Trial.make(tmp_path_factory.mktemp("site") / "site")
    with trial.serving():
        yield trial


def export(trial: Trial, name: str, text: str) -> Path:
    path = trial.folder / name
    path.write_text(text, "utf-8")
    return path


def take_in(trial: Trial, kind: str, path: Path) -> Any:
    return trial.json(
        *("adapter", "run", kind, "--config", str(trial.config(kind)), "--file", str(path), "--once"),
        *("--wait", "60"),
        check=False,
    )


@pytest.mark.xdist_group("commands")
class TestByHand:
    def test_an_export_travels_to_an_answer_and_into_the_log(self, served: Trial) -> None:
        report = take_in(served, "veilig_thuis", export(served, "vt.csv", "\n".join([HEADER, *ROWS]) + "\n"))
        assert {name: report[name] for name in ("read", "sent", "unchanged", "without_bsn", "rejected")} == {
            "read": 4,
            "sent": 2,
            "unchanged": 0,
            "without_bsn": 1,
            "rejected": 1,
        }
        take_in(served, "politie", export(served, "politie.xml", REPORT))
        answer = served.json(
            *("lookup", "--config", str(served.config("politie")), "--purpose", "safety-assessment"),
            stdin="999993653\n",
        )
        assert {line["kind"] for line in answer["involvements"]} == {"veilig_thuis"}
        assert {line["since"] for line in answer["involvements"]} == {"2026-05"}
        records = served.json("audit", "list", "--config", served.made["index_config"])["records"]
        [own] = [record for record in records if record["record_id"] == answer["receipt"]["record_id"]]
        assert own["organisation"] == served.oin("politie")
        assert own["purpose"] == "safety-assessment"

    def test_the_same_export_again_sends_nothing(self, served: Trial) -> None:
        path = export(served, "again.csv", "\n".join([HEADER, *ROWS[:2]]) + "\n")
        take_in(served, "veilig_thuis", path)
        report = take_in(served, "veilig_thuis", path)
        assert (report["sent"], report["unchanged"], report["messages"]) == (0, 2, 0)

    def test_an_unknown_purpose_is_refused_with_its_exit_code(self, served: Trial) -> None:
        done = served.run(
            *("lookup", "--config", str(served.config("politie")), "--purpose", "curiosity"),
            stdin="999993653\n",
            check=False,
        )
        assert done.returncode == Exit.REFUSED
        assert "UNKNOWN_PURPOSE" in done.stderr
        assert "999993653" not in done.stdout + done.stderr

    def test_a_mistyped_bsn_is_a_usage_error_that_does_not_repeat_it(self, served: Trial) -> None:
        done = served.run(
            *("lookup", "--config", str(served.config("politie")), "--purpose", "crisis"),
            stdin="999940003\n",
            check=False,
        )
        assert done.returncode == Exit.USAGE
        assert "11-test" in done.stderr
        assert "999940003" not in done.stderr

    def test_a_message_of_a_stranger_becomes_a_dead_letter_that_can_be_shown_and_replayed(
        self, served: Trial
    ) -> None:
        import asyncio
        from dataclasses import replace

        record = served.record(message(involvement(served.oin("ggz"), "anna", desk="aanmeldbureau")))
        asyncio.run(served.publish([replace(record, headers={**record.headers, "jws": b"e30..AA"})]))
        config = ("--config", served.made["index_config"])
        letters: list[dict[str, str]] = []
        while not letters:
            letters = served.json("dead-letters", "list", *config)["dead_letters"]
        [letter] = letters
        assert letter["reason"] == "signature"
        assert served.json("dead-letters", "show", letter["id"], *config)["violations"]
        assert served.json("dead-letters", "replay", letter["id"], *config) == {"replayed": letter["id"]}

    def test_partners_are_listed(self, served: Trial) -> None:
        partners = served.json("partners", "list", "--config", served.made["index_config"])["partners"]
        assert [partner["kind"] for partner in partners] == ["ggz", "politie", "veilig_thuis"]


def test_init_writes_private_keys_that_only_the_owner_can_read(tmp_path: Path) -> None:
    trial = Trial.make(tmp_path / "site")
    private = [
        path
        for path in trial.folder.rglob("*")
        if path.is_file() and (path.name.endswith("key.pem") or path.suffix in {".key", ".sqlite3"})
    ]
    assert len(private) >= 10
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}


def test_init_refuses_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    trial = Trial(tmp_path, {})
    done = trial.run("init", str(tmp_path), check=False)
    assert done.returncode == Exit.CONFIGURATION
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_serving_without_the_index_is_unavailable_to_a_lookup(tmp_path: Path) -> None:
    trial = Trial.make(tmp_path / "site")
    done = trial.run(
        *("lookup", "--config", str(trial.config("ggz")), "--purpose", "crisis"),
        stdin="999993653\n",
        check=False,
    )
    assert done.returncode == Exit.UNAVAILABLE


def test_migrate_is_safe_to_repeat(tmp_path: Path) -> None:
    trial = Trial.make(tmp_path / "site")
    assert trial.json("migrate", "--config", trial.made["index_config"]) == {
        "before": SCHEMA.newest_revision(),
        "after": SCHEMA.newest_revision(),
    }


def test_the_example_convenant_can_be_checked_and_shown(tmp_path: Path) -> None:
    trial = Trial.make(tmp_path / "site")
    checked = trial.run("convenant", "check", trial.made["convenant"], "--json", check=False)
    assert checked.returncode == Exit.FINDINGS
    assert {finding["code"] for finding in orjson.loads(checked.stdout)["findings"]} >= {"unverified"}
    assert len(trial.json("convenant", "show", trial.made["convenant"])["rows"]) > 100


def test_keys_are_made_once(tmp_path: Path) -> None:
    trial = Trial(tmp_path, {})
    made = trial.json("keys", "init", str(tmp_path / "keys"))
    assert len(bytes.fromhex(made["public_key"])) == 32
    again = trial.run("keys", "init", str(tmp_path / "keys"), check=False)
    assert again.returncode == Exit.CONFIGURATION
