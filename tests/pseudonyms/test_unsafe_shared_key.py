"""The unsafe first pseudonymiser: what it derives, and that it says what it is."""

from __future__ import annotations

import hashlib
import hmac
import logging
from pathlib import Path

import pytest
import structlog

from gateway.domain import Bsn
from gateway.errors import ConfigurationError, UnsafeConfigurationError
from gateway.keyfiles import new_secret
from gateway.pseudonyms.client import open_pseudonymiser
from gateway.pseudonyms.events import UNSAFE_SHARED_KEY
from gateway.pseudonyms.unsafe_shared_key import UnsafeSharedKeyPseudonymiser
from gateway.settings import PseudonymSettings

KEY = bytes(range(32))
SYNTHETIC = [Bsn(digits) for digits in ("999993653", "999911120", "999990019", "111222333", "123456782")]


async def test_a_pseudonym_is_the_hmac_of_the_labelled_bsn() -> None:
    """Fixed here, so that a change of the derivation does not go by unseen: it would unlink every person."""
    [pseudonym] = await UnsafeSharedKeyPseudonymiser(KEY).pseudonymise([Bsn("999993653")])
    assert pseudonym.reveal() == hmac.new(KEY, b"bsn:999993653", hashlib.sha256).digest()
    assert pseudonym.hex() == "8d788eba4fe9e4c681abd5e1941bee5ee1293ed9a467a6b7bd52dfdf2e484282"


async def test_pseudonyms_come_in_the_order_of_the_persons_and_stay_the_same() -> None:
    pseudonymiser = UnsafeSharedKeyPseudonymiser(KEY)
    forward = await pseudonymiser.pseudonymise(SYNTHETIC)
    backward = await pseudonymiser.pseudonymise(SYNTHETIC[::-1])
    assert list(forward) == list(backward)[::-1]
    assert len(set(forward)) == len(SYNTHETIC)
    assert list(await pseudonymiser.pseudonymise([])) == []


async def test_another_key_gives_other_pseudonyms() -> None:
    first = await UnsafeSharedKeyPseudonymiser(KEY).pseudonymise(SYNTHETIC)
    second = await UnsafeSharedKeyPseudonymiser(KEY[::-1]).pseudonymise(SYNTHETIC)
    assert not set(first) & set(second)


def test_it_warns_when_it_is_made_that_its_key_lists_every_bsn() -> None:
    with structlog.testing.capture_logs() as lines:
        UnsafeSharedKeyPseudonymiser(KEY)
    [line] = lines
    assert (line["event"], line["log_level"]) == (UNSAFE_SHARED_KEY.id, "warning")
    assert "whoever holds it can list every BSN" in line["warning"]
    assert UNSAFE_SHARED_KEY.level == logging.WARNING


async def test_neither_the_key_nor_a_bsn_is_in_what_it_logs_or_prints() -> None:
    with structlog.testing.capture_logs() as lines:
        pseudonymiser = UnsafeSharedKeyPseudonymiser(KEY)
        pseudonyms = await pseudonymiser.pseudonymise(SYNTHETIC)
    printed = f"{lines} {pseudonymiser!r} {vars(pseudonymiser).keys()} {pseudonyms!r}"
    assert KEY.hex() not in printed
    assert repr(KEY) not in printed
    assert not any(person.reveal() in printed for person in SYNTHETIC)


async def test_the_settings_open_it_with_the_key_of_their_file(tmp_path: Path) -> None:
    path = tmp_path / "shared.key"
    key = new_secret(path)
    opened = open_pseudonymiser(PseudonymSettings(unsafe_shared_key=path))
    expected = await UnsafeSharedKeyPseudonymiser(key).pseudonymise(SYNTHETIC)
    assert await opened.pseudonymise(SYNTHETIC) == expected


def test_settings_without_a_pseudonymiser_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="no pseudonymiser is set"):
        open_pseudonymiser(PseudonymSettings())


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shared.key"
    new_secret(path)
    path.chmod(0o644)
    with pytest.raises(UnsafeConfigurationError):
        open_pseudonymiser(PseudonymSettings(unsafe_shared_key=path))
