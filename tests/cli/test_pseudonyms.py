"""`verwijsindex pseudonyms`: epochs from the first to the end of an overlap, each on record and given out."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli.pseudonyms import app
from gateway.domain import Oin
from gateway.errors import ConfigurationError, InvalidInput, UnsafeConfigurationError
from gateway.pseudonyms.keyring import KeyRing
from gateway.pseudonyms.pinned import PinnedKeys
from tests.support.custody import OIN_CUSTODIAN, Custody
from tests.support.serving import OIN_INDEX

Run = Callable[..., Any]


@pytest.fixture
def run(custody: Custody) -> Run:
    """Run a command on a store that is ready, and return what it printed as JSON; its error is raised."""

    def command(*arguments: str) -> Any:
        done = CliRunner().invoke(app, [*arguments, "--config", str(custody.config), "--json"])
        if done.exception is not None:
            raise done.exception
        return json.loads(done.stdout)

    command("migrate")
    return command


def epochs(run: Run) -> list[tuple[int, str]]:
    return [(each["epoch"], each["state"]) for each in run("status")["epochs"]]


def test_migrate_is_safe_to_repeat(run: Run) -> None:
    assert run("migrate") == {"before": "0001", "after": "0001"}


def test_the_first_key_is_made_once_and_only_its_owner_can_read_it(run: Run, custody: Custody) -> None:
    made = run("init")
    assert (made["epoch"], epochs(run)) == (1, [(1, "current")])
    assert stat.S_IMODE((custody.keys / "epoch-1.key").stat().st_mode) == 0o600
    with pytest.raises(ConfigurationError, match="already"):
        run("init")
    assert epochs(run) == [(1, "current")]


def test_a_rotation_goes_from_announcement_through_overlap_to_its_end(run: Run) -> None:
    run("init")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    announced = run("rotate", "--starts", tomorrow.isoformat())
    assert datetime.fromisoformat(announced["valid_from"]) == tomorrow
    assert epochs(run) == [(1, "current"), (2, "announced")]
    with pytest.raises(ConfigurationError, match="announced already"):
        run("rotate")
    with pytest.raises(ConfigurationError, match="no overlap"):
        run("rotate", "--finish")


def test_an_overlap_lasts_until_it_is_finished(run: Run) -> None:
    run("init")
    run("rotate")
    assert epochs(run) == [(1, "current"), (2, "current")]
    ended = run("rotate", "--finish")
    assert (ended["epoch"], epochs(run)) == (1, [(1, "ended"), (2, "current")])


def test_every_change_is_in_the_file_that_partners_pin(run: Run, custody: Custody) -> None:
    for arguments in (["init"], ["rotate"], ["rotate", "--finish"]):
        run(*arguments)
        ring = KeyRing.open(custody.keys, OIN_INDEX)
        assert PinnedKeys.read(custody.public_keys) == PinnedKeys(index=OIN_INDEX, keys=ring.public_keys())


def test_show_public_writes_the_file_anew_and_prints_what_is_in_it(run: Run, custody: Custody) -> None:
    run("init")
    before = custody.public_keys.read_bytes()
    custody.public_keys.unlink()
    printed = run("show-public")
    assert custody.public_keys.read_bytes() == before
    assert printed == {"file": str(custody.public_keys)} | json.loads(before)


def test_a_change_that_is_refused_still_gives_out_what_stands(run: Run, custody: Custody) -> None:
    """A run that was stopped between the ring and the file is completed by any later one."""
    run("init")
    custody.public_keys.unlink()
    with pytest.raises(ConfigurationError):
        run("init")
    assert PinnedKeys.read(custody.public_keys).index == OIN_INDEX


def test_every_change_is_in_the_custodians_log(run: Run) -> None:
    for arguments in (["init"], ["rotate"], ["rotate", "--finish"]):
        run(*arguments)
    records = run("log", "--event", "administration")["records"]
    assert [(each["reason"], each["epoch"], each["organisation"]) for each in records] == [
        ("epoch-created", 1, OIN_CUSTODIAN),
        ("epoch-announced", 2, OIN_CUSTODIAN),
        ("epoch-ended", 1, OIN_CUSTODIAN),
    ]


def test_reading_the_log_is_in_the_log(run: Run) -> None:
    run("init")
    run("log")
    assert [each["event"] for each in run("log")["records"]] == ["administration", "log-access"]
    assert [each["sequence"] for each in run("log", "--after", "1", "--limit", "1")["records"]] == [2]


def test_without_a_store_no_key_is_made(custody: Custody) -> None:
    """What is not on record is not done."""
    done = CliRunner().invoke(app, ["init", "--config", str(custody.config)])
    assert isinstance(done.exception, ConfigurationError)
    assert "verwijsindex pseudonyms migrate" in str(done.exception)
    assert not custody.keys.exists()


@pytest.mark.parametrize("text", ["tomorrow", "2026-03-02T12:00:00", "2026-13-01T00:00:00+00:00"])
def test_a_start_that_is_no_time_with_a_zone_is_refused(run: Run, text: str) -> None:
    run("init")
    with pytest.raises(InvalidInput, match="time zone"):
        run("rotate", "--starts", text)


def test_a_start_in_the_past_is_refused(run: Run) -> None:
    run("init")
    with pytest.raises(ConfigurationError, match="past"):
        run("rotate", "--starts", "2026-03-02T12:00:00+01:00")


def test_a_start_does_not_go_with_an_end(run: Run) -> None:
    run("init")
    with pytest.raises(InvalidInput):
        run("rotate", "--finish", "--starts", "2099-03-02T12:00:00+01:00")


def test_a_key_that_others_may_read_is_refused(run: Run, custody: Custody) -> None:
    run("init")
    (custody.keys / "epoch-1.key").chmod(0o644)
    for command in ("status", "show-public", "rotate"):
        with pytest.raises(UnsafeConfigurationError, match="chmod 600"):
            run(command)


def test_the_secret_is_in_nothing_that_is_printed_or_given_out(run: Run, custody: Custody) -> None:
    shown = [run("init"), run("status"), run("show-public"), run("rotate")]
    seeds = [file.read_text().strip() for file in custody.keys.glob("epoch-*.key")]
    assert len(seeds) == 2
    text = json.dumps(shown) + custody.public_keys.read_text()
    assert not any(seed in text for seed in seeds)


def test_tables_say_where_every_epoch_stands(run: Run, custody: Custody) -> None:
    run("init")
    run("rotate")
    run("rotate", "--finish")
    shown = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["status", "--config", str(custody.config)]).stdout
    rows = [line.split() for line in shown.splitlines()]
    assert [row[:2] for row in rows if row and row[0] in {"1", "2"}] == [["1", "afgelopen"], ["2", "geldig"]]
    reasons = [each["reason"] for each in run("log")["records"]]
    assert [each for each in reasons if each.startswith("epoch-")] == [
        "epoch-created",
        "epoch-announced",
        "epoch-ended",
    ]


def test_the_ring_of_another_index_is_refused(run: Run, custody: Custody) -> None:
    run("init")
    other = Oin("00000099100000000001")
    custody.config.write_text(custody.config.read_text().replace(OIN_INDEX, other))
    with pytest.raises(ConfigurationError, match=other):
        run("status")
