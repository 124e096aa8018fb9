"""`verwijsindex pseudonym`: what it prints is what the index knows the person by, and nothing else is printed."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gateway.cli.pseudonym import WARNING, pseudonym
from gateway.domain import Bsn
from gateway.errors import InvalidInput
from gateway.pseudonyms.client import open_pseudonymiser
from tests.support.trial import Trial

TEST_BSN = "999993653"


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return Trial.make(tmp_path_factory.mktemp("trial") / "site")


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(pseudonym)
    return made


def test_the_pseudonym_is_the_one_that_the_partners_adapter_gives_the_person(
    trial: Trial, app: typer.Typer
) -> None:
    done = CliRunner().invoke(app, ["--config", str(trial.config("ggz")), "--json"], input=f"{TEST_BSN}\n")
    pseudonymiser = open_pseudonymiser(trial.partner("veilig_thuis").pseudonyms)
    [known] = asyncio.run(pseudonymiser.pseudonymise([Bsn(TEST_BSN)]))
    printed = json.loads(done.stdout[done.stdout.index("{\n") :])
    assert base64.b64decode(printed["pseudonym"], validate=True) == known.reveal()


def test_standard_output_holds_one_line_of_base64_and_the_warning_goes_beside_it(
    trial: Trial, app: typer.Typer
) -> None:
    done = CliRunner().invoke(app, ["--config", str(trial.config("ggz"))], input=f"{TEST_BSN}\n")
    lines = [line for line in done.stdout.splitlines() if "pseudonyms.unsafe_shared_key" not in line]
    assert [len(base64.b64decode(line, validate=True)) for line in lines] == [32]
    assert WARNING in done.stderr


@pytest.mark.parametrize("text", ["", "\n", "123456789\n", "99999365\n", "999993653 999911120\n"])
def test_what_is_no_bsn_is_refused_without_repeating_it(trial: Trial, app: typer.Typer, text: str) -> None:
    done = CliRunner().invoke(app, ["--config", str(trial.config("ggz"))], input=text)
    assert isinstance(done.exception, InvalidInput)
    assert done.stdout == ""
    assert not text.strip() or text.strip() not in str(done.exception)


def test_the_path_of_the_settings_may_be_the_partners_folder(trial: Trial, app: typer.Typer) -> None:
    folder: Path = trial.config("ggz").parent
    done = CliRunner().invoke(app, ["--config", str(folder)], input=f"{TEST_BSN}\n")
    assert done.exit_code == 0
