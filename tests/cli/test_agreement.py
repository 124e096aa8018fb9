"""`verwijsindex convenant sign|revoke|lay-down|accept|status`: from a file to an agreement in force, and its end."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from gateway.cli import partners
from gateway.cli.convenant import app
from gateway.cli.output import Exit, console
from gateway.cli.trial_agreement import example_for
from gateway.cli.trial_site import TRIAL_PARTNERS
from gateway.clock import day_of, dutch_time, now
from gateway.convenant.reading import read_convenant
from gateway.domain import Oin
from gateway.domain.dutch import dutch_day
from gateway.errors import ConfigurationError, InvalidInput
from tests.support.trial import Trial

KINDS = ("veilig_thuis", "ggz", "politie")


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """A site as `init` makes it."""
    return Trial.make(tmp_path / "site")


def run(*arguments: object, commands: Typer = app) -> Result:
    done = CliRunner().invoke(commands, list(map(str, arguments)))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def printed(*arguments: object) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def status(trial: Trial) -> Any:
    return printed("status", "--config", trial.folder)


def next_version(trial: Trial) -> Path:
    """Write a version 1.1 of the site's convenant, and return its file."""
    file = trial.folder / "convenant-1.1.yaml"
    file.write_bytes(
        (trial.folder / "convenant.yaml").read_bytes().replace(b'version: "1.0"', b'version: "1.1"')
    )
    return file


def signed(trial: Trial, kind: str, file: Path, command: str = "sign") -> Path:
    out = trial.folder / f"{file.stem}.{kind}.{command}.json"
    run(command, file, "--config", trial.config(kind), "--out", out)
    return out


def test_a_trial_site_has_a_convenant_in_force_that_all_its_partners_signed(trial: Trial) -> None:
    found = status(trial)
    assert found["in_force"] == read_convenant((trial.folder / "convenant.yaml").read_bytes()).identity
    assert found["remarks"] == []
    [version] = found["versions"]
    assert version["state"] == "in-force"
    assert {said["organisation"] for said in version["signatures"]} == {trial.oin(kind) for kind in KINDS}
    assert all(said["state"] == "signed" and said["signatory"] for said in version["signatures"])
    assert run("status", "--config", trial.folder).exit_code == Exit.OK


def test_a_next_version_takes_its_notice_and_then_waits_for_everybody(trial: Trial) -> None:
    file = next_version(trial)
    laid_down = printed("lay-down", file, "--config", trial.folder)
    laid_down_at = datetime.fromisoformat(status(trial)["versions"][1]["laid_down_at"])
    starts = day_of(laid_down_at) + timedelta(days=30)
    assert laid_down["starts"] == str(starts)
    assert run("status", "--config", trial.folder).exit_code == Exit.FINDINGS
    documents = [signed(trial, kind, file) for kind in KINDS]
    taken_in = printed("accept", *documents[:2], "--config", trial.folder)
    assert [each["act"] for each in taken_in["accepted"]] == ["sign", "sign"]
    assert "1.0" in taken_in["in_force"]
    assert [version["state"] for version in status(trial)["versions"]] == ["in-force", "waiting"]
    run("accept", *documents, "--config", trial.folder)
    found = status(trial)
    assert [version["state"] for version in found["versions"]] == ["in-force", "scheduled"]
    assert found["last_day"] == str(starts - timedelta(days=1))
    assert found["remarks"] == []


def test_a_day_before_the_notice_is_over_is_refused(trial: Trial) -> None:
    with pytest.raises(InvalidInput, match="starts"):
        run("lay-down", next_version(trial), "--config", trial.folder, "--starts", day_of(now()))


@pytest.mark.parametrize("by_hash", [False, True], ids=["by-file", "by-hash"])
def test_a_partner_that_revokes_ends_the_convenant_for_everybody(trial: Trial, by_hash: bool) -> None:
    file = trial.folder / "convenant.yaml"
    named = ["--hash", read_convenant(file.read_bytes()).content_hash] if by_hash else [file]
    out = trial.folder / "revoked.json"
    done = run("revoke", *named, "--config", trial.config("ggz"), "--out", out)
    assert "trekt haar handtekening onder het convenant" in done.stderr
    assert printed("accept", out, "--config", trial.folder)["in_force"] is None
    done = run("status", "--config", trial.folder)
    assert done.exit_code == Exit.REFUSED
    assert "Er is geen convenant van kracht" in done.stdout
    assert "none-in-force" in done.stdout


def test_a_partner_reads_what_it_signs_before_the_document_leaves_it(trial: Trial) -> None:
    file = trial.folder / "convenant.yaml"
    convenant = read_convenant(file.read_bytes())
    done = run("sign", file, "--config", trial.config("ggz"))
    for words in (
        f"{convenant.name}, versie {convenant.version}",
        f"{dutch_day(convenant.valid_from)} tot en met {dutch_day(convenant.valid_until)}",
        f"sha256:{convenant.content_hash}",
        "verplichte ondertekenaar",
        f"De organisatie met OIN {trial.oin('ggz')} ondertekent het convenant",
    ):
        assert words in done.stderr
    assert json.loads(done.stdout)["statement"]["organisation"] == trial.oin("ggz")


def test_an_organisation_that_need_not_sign_reads_that_it_accedes(trial: Trial) -> None:
    file = trial.folder / "without-ggz.yaml"
    file.write_bytes(example_for([trial.oin("politie")]))
    assert "treedt toe" in run("sign", file, "--config", trial.config("ggz")).stderr


def test_a_signed_document_never_replaces_a_file(trial: Trial) -> None:
    file = trial.folder / "convenant.yaml"
    with pytest.raises(ConfigurationError, match="cannot write"):
        run("sign", file, "--config", trial.config("ggz"), "--out", file)


@pytest.mark.parametrize(
    "named", [[], ["convenant.yaml", "--hash", "0" * 64], ["--hash", "0x"]], ids=range(3)
)
def test_a_revocation_names_a_file_or_a_content_hash(trial: Trial, named: list[str]) -> None:
    with pytest.raises(InvalidInput):
        run("revoke", *named, "--config", trial.config("ggz"))


def test_a_document_of_another_site_is_refused(trial: Trial, tmp_path: Path) -> None:
    other = Trial.make(tmp_path / "other")
    document = signed(other, "ggz", other.folder / "convenant.yaml")
    with pytest.raises(InvalidInput, match="key of the partner"):
        run("accept", document, "--config", trial.folder)


def test_the_changes_are_on_record(trial: Trial) -> None:
    run("accept", signed(trial, "ggz", trial.folder / "convenant.yaml", "revoke"), "--config", trial.folder)
    records = trial.json("audit", "list", "--config", str(trial.folder))["records"]
    reasons = [record["reason"] for record in records if record["event"] == "administration"]
    assert reasons[3:7] == ["convenant-laid-down", *["convenant-signed"] * 3]
    assert reasons[-1] == "convenant-revoked"
    assert all(record["convenant"] for record in records if record["reason"].startswith("convenant-"))


def test_every_version_names_every_organisation_and_what_it_must_still_do(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "width", 80)
    run("lay-down", next_version(trial), "--config", trial.folder)
    shown = run("status", "--config", trial.folder).stdout
    assert max(map(len, shown.splitlines())) <= 80
    for content_hash in (each["sha256"] for each in status(trial)["versions"]):
        assert f"  sha256:{content_hash}\n" in shown
    assert all(f"    {trial.oin(kind)}  " in shown for kind in KINDS)
    assert dutch_time(now())[:10] in shown
    for words in (
        "van kracht",
        "wacht op handtekeningen",
        "getekend",
        "moet nog tekenen",
        "GGZ Voorbeeldregio",
    ):
        assert words in shown
    assert "waiting" in shown


def add_partner(trial: Trial, kind: str = "ggz") -> str:
    """Add a partner that has signed nothing, and return what the command says about it."""
    file = trial.folder / "partners" / "ggz" / "registration.toml"
    text = file.read_text().replace(trial.oin("ggz"), "00000099100000000800")
    new = trial.folder / "new.toml"
    new.write_text(text.replace('kind = "ggz"', f'kind = "{kind}"'))
    note: str = json.loads(run("add", new, "--config", trial.folder, "--json", commands=partners.app).stdout)[
        "note"
    ]
    return note


def test_a_partner_that_is_added_reads_that_it_must_sign(trial: Trial) -> None:
    assert "before it has signed" in add_partner(trial)
    assert [remark["code"] for remark in status(trial)["remarks"]] == ["not-a-party"]


def test_a_partner_of_a_kind_that_the_convenant_in_force_does_not_have_is_refused(trial: Trial) -> None:
    with pytest.raises(ConfigurationError, match="has no terms"):
        add_partner(trial, kind="gemeentehuis")


def test_without_a_convenant_in_force_a_partner_of_any_kind_is_added_with_a_note(trial: Trial) -> None:
    run("accept", signed(trial, "ggz", trial.folder / "convenant.yaml", "revoke"), "--config", trial.folder)
    assert "No convenant is in force" in add_partner(trial, kind="gemeentehuis")


def test_a_site_can_have_two_partners_of_one_kind_in_folders_of_their_own(tmp_path: Path) -> None:
    second = replace(TRIAL_PARTNERS[1], number=7, name="Tweede GGZ", folder="ggz_tweede")
    trial = Trial.make(tmp_path / "site", partners=(*TRIAL_PARTNERS, second))
    assert trial.oin("ggz_tweede") == Oin("00000099100000000700")
    assert trial.partner("ggz_tweede").kind == "ggz"
    [version] = status(trial)["versions"]
    assert trial.oin("ggz_tweede") in {said["organisation"] for said in version["signatures"]}


def test_the_convenant_of_a_site_is_the_example_with_its_own_signatories_and_its_comments() -> None:
    oins = [Oin("00000099100000000100"), Oin("00000099100000000700")]
    made, example = example_for(oins).decode(), example_for([]).decode()
    assert read_convenant(made.encode()).signatories == set(oins)
    lines = [line for line in example.splitlines() if line.startswith("#")]
    assert lines
    assert [line for line in made.splitlines() if line.startswith("#")] == lines
