"""The custodian's settings: read strictly, and refused where they would let the wrong one evaluate."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.domain import Oin
from gateway.errors import ConfigurationError, UnsafeConfigurationError
from gateway.settings import PseudonymServiceSettings, load_pseudonym_service_settings
from tests.docs.pages import blocks_of

CUSTODIAN = "00000099100000009000"
INDEX = "00000099100000000000"
PARTNER = Oin("00000099100000000100")
OTHER = Oin("00000099100000000200")

SETTINGS = f"""\
environment = "trial"
oin = "{CUSTODIAN}"
index = "{INDEX}"
keys = "keys"
[store]
url = "sqlite:///pseudonyms.sqlite3"
[tls]
certificate = "certificate.pem"
key = "key.pem"
trusted_ca = "ca.pem"
[quota]
per_hour = 5000
[partners."{PARTNER}"]
per_hour = 100000
burst = 200000
[partners."{OTHER}"]
"""


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VERWIJSINDEX_OIN", "VERWIJSINDEX_INDEX"):
        monkeypatch.delenv(name, raising=False)


def read(folder: Path, *changes: tuple[str, str]) -> PseudonymServiceSettings:
    text = SETTINGS
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "pseudonym-service.toml").write_text(text, "utf-8")
    return load_pseudonym_service_settings(folder)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.keys == tmp_path / "keys"
    assert settings.tls.key == tmp_path / "key.pem"
    assert settings.store.url == f"sqlite:///{tmp_path}/pseudonyms.sqlite3"


def test_a_partner_has_its_own_quota_and_otherwise_that_of_all(tmp_path: Path) -> None:
    settings = read(tmp_path)
    own, common = settings.quota_of(PARTNER), settings.quota_of(OTHER)
    assert (own.per_hour, own.burst) == (100_000, 200_000)
    assert (common.per_hour, common.burst) == (5000, 10_000)


def test_a_partner_that_is_not_listed_has_none(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        read(tmp_path).quota_of(Oin("00000099100000000300"))


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERWIJSINDEX_QUOTA__PER_HOUR", "77")
    monkeypatch.setenv(f"VERWIJSINDEX_PARTNERS__{PARTNER}__BURST", "3000")
    settings = read(tmp_path)
    assert settings.quota_of(OTHER).per_hour == 77
    own = settings.quota_of(PARTNER)
    assert (own.per_hour, own.burst) == (100_000, 3000)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("burst = 200000", "burst = 999", "burst"),
        ("per_hour = 5000", "per_hour = 0", "per_hour"),
        ("per_hour = 5000", "per_minute = 3", "per_minute"),
        (PARTNER, "123", "partners"),
        (f'index = "{INDEX}"', 'index = "no oin"', "index"),
        ('keys = "keys"', "", "keys"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_name(tmp_path: Path, old: str, new: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        read(tmp_path, (old, new))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (f'oin = "{CUSTODIAN}"', f'oin = "{INDEX}"', "another organisation"),
        (OTHER, INDEX, "partners: the index"),
        ('"trial"', '"production"', "oin"),
    ],
)
def test_what_is_unsafe_does_not_start(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(UnsafeConfigurationError, match=said):
        read(tmp_path, (old, new))


@pytest.mark.parametrize("left", ["index", "partners"])
def test_no_test_oin_at_all_is_taken_in_production(tmp_path: Path, left: str) -> None:
    changes: list[tuple[str, str]] = [('"trial"', '"production"'), (CUSTODIAN, "00000001100000009000")]
    if left == "partners":
        changes.append((INDEX, "00000001100000000000"))
    with pytest.raises(UnsafeConfigurationError, match=left):
        read(tmp_path, *changes)


def test_nobody_may_ask_unless_listed(tmp_path: Path) -> None:
    start = SETTINGS.index("[partners")
    (tmp_path / "pseudonym-service.toml").write_text(SETTINGS[:start], "utf-8")
    assert load_pseudonym_service_settings(tmp_path).partners == {}


def test_the_example_of_the_custodians_page_can_be_used(tmp_path: Path) -> None:
    [example] = [
        block for block in blocks_of("docs/operators/pseudonym-service.md") if block.language == "toml"
    ]
    (tmp_path / "pseudonym-service.toml").write_text(example.text, "utf-8")
    settings = load_pseudonym_service_settings(tmp_path)
    assert len(settings.partners) == 2
