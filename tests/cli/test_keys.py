"""`verwijsindex keys`: a partner's keys are made once, changed without a moment without one, and shown."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from typer.testing import CliRunner

from gateway import keyfiles
from gateway.cli.keys import SIGNING_KEY, app
from gateway.errors import ConfigurationError, UnsafeConfigurationError
from gateway.keyfiles import load_signing_key, replace_signing_key
from gateway.messages.signing import key_id


def run(*arguments: str) -> Any:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    if done.exception is not None:
        raise done.exception
    return json.loads(done.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run("init", str(tmp_path / "keys"))
    return tmp_path / "keys"


def kids(folder: Path) -> dict[str, str]:
    return {path.name: key_id(load_signing_key(path)) for path in folder.glob("*.pem")}


def test_show_public_prints_the_key_that_signs(folder: Path) -> None:
    shown = run("show-public", str(folder))
    key = load_signing_key(folder / SIGNING_KEY)
    assert shown == {
        "folder": str(folder),
        "kid": key_id(key),
        "public_key": key.public_key().public_bytes_raw().hex(),
    }


def test_a_rotation_puts_a_new_key_in_place_and_keeps_the_old_one_under_its_kid(folder: Path) -> None:
    before = run("show-public", str(folder))["kid"]
    printed = run("rotate", str(folder))
    assert kids(folder) == {SIGNING_KEY: printed["kid"], f"signing-key-{before}.pem": before}
    assert printed["kid"] != before
    assert printed["old_key"] == str(folder / f"signing-key-{before}.pem")
    signature = load_signing_key(folder / SIGNING_KEY).sign(b"message")
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(printed["public_key"])).verify(signature, b"message")


def test_every_key_of_every_rotation_stays_and_only_its_owner_can_read_it(folder: Path) -> None:
    seen = [run("show-public", str(folder))["kid"], *(run("rotate", str(folder))["kid"] for _ in range(3))]
    assert sorted(kids(folder).values()) == sorted(seen)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_the_reference_key_stays(folder: Path) -> None:
    """References to a partner's own records must mean the same after a rotation."""
    before = (folder / "reference.key").read_bytes()
    run("rotate", str(folder))
    assert (folder / "reference.key").read_bytes() == before


@pytest.mark.parametrize("command", ["rotate", "show-public"])
def test_a_key_that_others_may_read_is_refused_and_stays(folder: Path, command: str) -> None:
    before = (folder / SIGNING_KEY).read_bytes()
    (folder / SIGNING_KEY).chmod(0o640)
    with pytest.raises(UnsafeConfigurationError, match="chmod 600"):
        run(command, str(folder))
    assert (folder / SIGNING_KEY).read_bytes() == before


@pytest.mark.parametrize("command", ["rotate", "show-public"])
def test_a_folder_without_a_key_is_a_clear_error(tmp_path: Path, command: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot read the key file"):
        run(command, str(tmp_path))


class Stopped(BaseException):
    """The program was ended here."""


@pytest.mark.parametrize("point", ["new_signing_key", "_keep"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_stop_at_any_point_leaves_the_old_key_in_place_and_a_re_run_completes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, point: str, when: str
) -> None:
    path, step = folder / SIGNING_KEY, getattr(keyfiles, point)
    before = key_id(load_signing_key(path))

    def stopped(*arguments: Any) -> None:
        if when == "after":
            step(*arguments)
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(keyfiles, point, stopped)
        with pytest.raises(Stopped):
            replace_signing_key(path, old=folder / f"signing-key-{before}.pem")
    assert key_id(load_signing_key(path)) == before
    printed = run("rotate", str(folder))
    assert kids(folder) == {SIGNING_KEY: printed["kid"], f"signing-key-{before}.pem": before}


def test_an_old_name_that_another_file_has_is_not_overwritten(folder: Path) -> None:
    other = folder / "mine.pem"
    other.write_bytes(b"precious")
    with pytest.raises(ConfigurationError, match="another file"):
        replace_signing_key(folder / SIGNING_KEY, old=other)
    assert other.read_bytes() == b"precious"


def test_no_private_part_is_printed(folder: Path) -> None:
    done = CliRunner().invoke(app, ["rotate", str(folder)])
    secret = load_signing_key(folder / SIGNING_KEY).private_bytes_raw().hex()
    assert secret not in done.stdout
    assert re.search(r"^  kid = \S+$", done.stdout, re.MULTILINE)
    assert re.search(r"^  public_key = [0-9a-f]{64}$", done.stdout, re.MULTILINE)
