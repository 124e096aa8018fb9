"""`verwijsindex audit list`: what a person reads on a plain terminal, and who read it on record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.audit.officers import OFFICER_ROLE
from gateway.cli.audit import app
from gateway.cli.output import console
from gateway.errors import InvalidInput
from tests.support.trial import Trial


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """A site as `init` makes it: its log has the administration of its partners and its convenant."""
    return Trial.make(tmp_path / "site")


def run(trial: Trial, *arguments: str) -> Result:
    done = CliRunner().invoke(app, ["list", "--config", trial.made["index_config"], *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def records(trial: Trial, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(trial, *arguments, "--json").stdout)["records"]
    return found


def test_who_reads_the_log_is_in_it_from_the_next_time_on(trial: Trial) -> None:
    assert records(trial, "--event", "log-access", "--reviewer", "fg-1") == []
    [read] = records(trial, "--event", "log-access")
    assert (read["reason"], read["professional"]) == (
        "listed",
        {"id": "fg-1", "role": OFFICER_ROLE, "mandate": ""},
    )
    [_, nameless] = records(trial, "--event", "log-access")
    assert (nameless["reason"], nameless["professional"]) == ("listed", None)


def test_a_name_is_no_id_of_an_officer_and_nothing_is_read(trial: Trial) -> None:
    with pytest.raises(InvalidInput, match="reviewer"):
        run(trial, "--reviewer", "Een Naam")
    assert records(trial, "--event", "log-access") == []


def test_on_a_plain_terminal_every_record_is_whole(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "width", 80)
    run(trial, "--reviewer", "fg-1")
    shown = run(trial).stdout
    assert max(map(len, shown.splitlines())) <= 80
    listed = records(trial)[:-1]
    for each in listed:
        assert f"  {each['event']}: {each['outcome']}\n" in shown
        assert each["organisation"] is None or each["organisation"] in shown
        assert each["reason"] in shown
    assert f"{OFFICER_ROLE} fg-1  listed\n" in shown
