"""`verwijsindex adapter` as a person or a script runs it: what it prints, and how it ends."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.support.trial import COMMAND, Trial, clean_environment
from tests.support.veilig_thuis import csv_of, row


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    made = Trial.make(tmp_path_factory.mktemp("adapter-cli") / "site")
    with made.process("pseudonym-service"):
        yield made


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.csv"
    path.write_text(csv_of([row(casusnr=f"C-{tmp_path.name}")]), "utf-8")
    return path


def run(trial: Trial, *arguments: str, kind: str = "veilig_thuis") -> subprocess.CompletedProcess[str]:
    config = str(trial.config(kind))
    return trial.run("adapter", "run", kind, "--config", config, *arguments, check=False)


def test_the_list_names_every_adapter_with_its_format_and_basis(trial: Trial) -> None:
    listed = {entry["kind"]: entry for entry in trial.json("adapter", "list")}
    assert {"veilig_thuis", "politie", "ggz"} <= set(listed)
    assert listed["veilig_thuis"]["version"] == "representative schema v0"
    assert listed["politie"]["legal_basis"]["verified"] is False


def test_a_clean_export_ends_with_zero_and_the_same_one_again_sends_nothing(
    trial: Trial, export: Path
) -> None:
    first = run(trial, "--file", str(export), "--once", "--wait", "0", "--json")
    second = run(trial, "--file", str(export), "--once", "--wait", "0", "--json")
    assert (first.returncode, second.returncode) == (0, 0)
    assert orjson.loads(first.stdout)["sent"] == 1
    assert orjson.loads(second.stdout)["unchanged"] == 1


def test_an_accepted_message_is_in_the_report_with_its_receipt(trial: Trial, export: Path) -> None:
    with trial.process("ingest"):
        found = run(trial, "--file", str(export), "--once", "--wait", "60", "--json")
    receipts = orjson.loads(found.stdout)["receipts"]
    assert len(bytes.fromhex(receipts.pop("consistency_token"))) == 16
    assert receipts == {"accepted": 2, "superseded": 0, "refused": 0, "awaiting": 0}


def test_a_rejected_record_ends_with_one(trial: Trial, export: Path) -> None:
    export.write_text(csv_of([row(bsn="999940003")]), "utf-8")
    found = run(trial, "--file", str(export), "--once", "--wait", "0")
    assert found.returncode == 1
    assert "11-test" in found.stdout
    assert "999940003" not in found.stdout + found.stderr


def test_a_quarantined_export_ends_with_one(trial: Trial, export: Path) -> None:
    export.write_bytes(b"\xff\xff")
    assert run(trial, "--file", str(export), "--once", "--wait", "0").returncode == 1


def test_settings_of_another_kind_are_refused_in_one_line(trial: Trial, export: Path) -> None:
    config = str(trial.config("politie"))
    found = trial.run(
        "adapter", "run", "veilig_thuis", "--config", config, "--file", str(export), check=False
    )
    assert found.returncode == 78
    assert found.stderr.strip().splitlines()[-1].startswith("verwijsindex adapter: the settings are of")
    assert "Traceback" not in found.stderr


def test_an_unknown_kind_is_refused(trial: Trial) -> None:
    assert trial.run("adapter", "run", "zeepolitie", check=False).returncode == 78


def test_a_bus_that_is_away_ends_with_69_and_the_next_run_sends_what_was_kept(
    trial: Trial, export: Path
) -> None:
    config = trial.config("veilig_thuis")
    moved = config.with_name("away.toml")
    moved.write_text(config.read_text("utf-8").replace("bus.sqlite3", "no/such/folder/bus.sqlite3"), "utf-8")
    arguments = ["--file", str(export), "--once", "--wait", "0", "--json"]
    away = trial.run("adapter", "run", "veilig_thuis", "--config", str(moved), *arguments, check=False)
    assert away.returncode == 69
    assert orjson.loads(away.stdout)["messages"] == 2
    assert orjson.loads(away.stdout)["receipts"]["awaiting"] == 2
    back = orjson.loads(run(trial, *arguments).stdout)
    assert (back["messages"], back["receipts"]["awaiting"]) == (0, 2)


def test_the_inbox_is_emptied_into_done_and_what_is_unreadable_into_quarantine(trial: Trial) -> None:
    settings = trial.partner("veilig_thuis")
    home = trial.config("veilig_thuis").parent
    (home / "inbox" / "good.csv").write_text(csv_of([row(casusnr="C-inbox")]), "utf-8")
    (home / "inbox" / "bad.csv").write_bytes(b"\xff\xff")
    (home / "inbox" / "note.txt").write_text("no export")
    found = run(trial, "--once", "--wait", "0", "--json")
    report = orjson.loads(found.stdout)
    assert (found.returncode, report["read"], report["quarantined"]) == (1, 1, 1)
    assert [path.name for path in (home / "inbox").iterdir()] == ["note.txt"]
    assert (home / "done" / "good.csv").exists()
    assert any(path.name.endswith("-bad.csv") for path in settings.quarantine.iterdir())


def test_a_lasting_run_takes_in_what_comes_and_stops_cleanly(trial: Trial) -> None:
    home = trial.config("veilig_thuis").parent
    process = subprocess.Popen(
        [*COMMAND, "adapter", "run", "veilig_thuis", "--config", str(home), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment() | {"VERWIJSINDEX_ADAPTER__SCAN_SECONDS": "0.05"},
    )
    try:
        assert process.stdout is not None
        assert orjson.loads(process.stdout.readline()) == {"ready": True, "mllp_port": None}
        (home / "inbox" / "later.csv").write_text(csv_of([row(casusnr="C-later")]), "utf-8")
        assert orjson.loads(process.stdout.readline())["sent"] == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.communicate()
