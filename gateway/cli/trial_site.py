"""Make a trial site: a test CA, a pseudonym service, an index and three partners with OINs of the test prefix."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.cli.keys import REFERENCE_KEY, SIGNING_KEY
from gateway.cli.partner_file import partner_toml
from gateway.cli.partners import register
from gateway.cli.pseudonyms import PUBLIC_KEYS, change_on_record
from gateway.cli.trial_agreement import agree, example_for
from gateway.clock import CLOCK_TOLERANCE, now
from gateway.domain import TEST_OIN_PREFIX, Desk, Oin, Partner, PartnerKind, SigningKey
from gateway.errors import ConfigurationError
from gateway.evaluation.migrate import SCHEMA as CUSTODY_SCHEMA
from gateway.identities.unsafe_test_ca import UnsafeTestCa
from gateway.index.migrate import SCHEMA
from gateway.keyfiles import new_secret, new_signing_key
from gateway.messages.signing import key_id, public_bytes
from gateway.pseudonyms.keyring import KeyRing
from gateway.settings import load_index_settings, load_pseudonym_service_settings

CUSTODIAN = "pseudonyms"
CUSTODIAN_NUMBER = 90
SEALING_KEY = "sealing.key"
KEY_LIFETIME = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPartner:
    """One of the partners that a trial site starts with; its files are in `folder`, which is its kind by default."""

    number: int
    kind: str
    name: str
    core_tasks: tuple[str, ...]
    desks: tuple[Desk, ...]
    role: str
    adapter_settings: str = ""
    folder: str = ""

    def __post_init__(self) -> None:
        """Fill in the folder."""
        if not self.folder:
            object.__setattr__(self, "folder", self.kind)


TRIAL_PARTNERS = (
    TrialPartner(
        number=1,
        kind="veilig_thuis",
        name="Veilig Thuis Voorbeeldregio",
        core_tasks=("Advies- en meldpunt huiselijk geweld en kindermishandeling",),
        desks=(
            Desk(code="frontoffice", name="Frontoffice Veilig Thuis", telephone="+31880000010"),
            Desk(code="contact-via", name="Contact via Veilig Thuis", telephone="+31880000011"),
        ),
        role="maatschappelijk-werker",
        adapter_settings=(
            "# The desk of a shelter never leaves the partner; its neutral desk does.\n"
            'shielded_desks = { opvang = "contact-via" }\n'
        ),
    ),
    TrialPartner(
        number=2,
        kind="ggz",
        name="GGZ Voorbeeldregio",
        core_tasks=("Geestelijke gezondheidszorg",),
        desks=(Desk(code="aanmeldbureau", name="Aanmeldbureau GGZ", telephone="+31880000020"),),
        role="behandelaar",
        adapter_settings='desk = "aanmeldbureau"\ntime_zone = "Europe/Amsterdam"\n',
    ),
    TrialPartner(
        number=3,
        kind="politie",
        name="Politie Voorbeeldregio",
        core_tasks=("Hulpverlening en handhaving van de rechtsorde",),
        desks=(Desk(code="zorgcoordinatie", name="Zorgcoördinatie politie", telephone="+31880000030"),),
        role="wijkagent",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTerms:
    """What may differ between trial sites. `oin_series`: eight digits that the site's OINs share.

    `partners` differ from each other in number and in folder; two may be of one kind.
    """

    port: int
    pseudonym_port: int
    store_url: str = "sqlite:///data/index.sqlite3"
    pseudonym_store_url: str = "sqlite:///data/pseudonyms.sqlite3"
    bus_url: str = "sqlite:///data/bus.sqlite3"
    oin_series: str = "10000000"
    partners: tuple[TrialPartner, ...] = TRIAL_PARTNERS

    def oin(self, number: int) -> Oin:
        """Return the site's OIN with this number; 0 is the index itself, 90 the custodian of the pseudonym key."""
        return Oin(f"{TEST_OIN_PREFIX}{self.oin_series}{number:02d}00")

    @property
    def partner_bus_url(self) -> str:
        """The bus as a partner's settings file, two folders down, names it."""
        return self.bus_url.replace("sqlite:///", "sqlite:///../../", 1)


def make_site(folder: Path, terms: SiteTerms) -> dict[str, Any]:
    """Write the site, migrate its store, register its partners, and have them sign its convenant.

    Returns where everything is.

    Raises:
        ConfigurationError: the folder holds something already.

    """
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{folder} is not empty; name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    (folder / "data").mkdir(mode=0o700)
    ca = UnsafeTestCa.create(folder / "ca")
    ca.issue(terms.oin(0), "Verwijsindex Voorbeeldregio", folder / "index", server=True)
    new_secret(folder / "index" / SEALING_KEY)
    _make_custodian(folder / CUSTODIAN, ca, terms)
    convenant = folder / "convenant.yaml"
    convenant.write_bytes(example_for([terms.oin(trial.number) for trial in terms.partners]))
    (folder / "index.toml").write_text(_index_toml(terms), "utf-8")
    partners = [_make_partner(folder, ca, trial, terms) for trial in terms.partners]
    settings = load_index_settings(folder / "index.toml")
    SCHEMA.migrate(settings.store)
    asyncio.run(register(partners, settings))
    homes = [folder / "partners" / trial.folder for trial in terms.partners]
    agree(settings, convenant, homes)
    return _inventory(folder, terms)


def _make_custodian(home: Path, ca: UnsafeTestCa, terms: SiteTerms) -> None:
    """Make the pseudonym service: on a trial site in a folder beside the others, elsewhere on a machine of its own."""
    ca.issue(terms.oin(CUSTODIAN_NUMBER), "Sleutelbeheerder Voorbeeldregio", home, server=True)
    (home / "data").mkdir(mode=0o700)
    (home / "pseudonym-service.toml").write_text(_pseudonym_service_toml(terms), "utf-8")
    settings = load_pseudonym_service_settings(home)
    CUSTODY_SCHEMA.migrate(settings.store)
    asyncio.run(change_on_record(settings, KeyRing.create_first, reason="epoch-created"))


def free_port() -> int:
    """Return a port of the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _make_partner(folder: Path, ca: UnsafeTestCa, trial: TrialPartner, terms: SiteTerms) -> Partner:
    home = folder / "partners" / trial.folder
    ca.issue(terms.oin(trial.number), trial.name, home)
    key = new_signing_key(home / SIGNING_KEY)
    new_secret(home / REFERENCE_KEY)
    # The agent's socket goes here: nobody else may put another in its place.
    home.chmod(0o700)
    (home / "inbox").mkdir()
    (home / "partner.toml").write_text(_partner_toml(trial, terms), "utf-8")
    valid_from = now() - CLOCK_TOLERANCE
    partner = Partner(
        oin=terms.oin(trial.number),
        kind=PartnerKind(trial.kind),
        name=trial.name,
        core_tasks=trial.core_tasks,
        desks=trial.desks,
        signing_keys=(_signing_key(key_id(key), public_bytes(key), valid_from),),
    )
    (home / "registration.toml").write_text(partner_toml(partner), "utf-8")
    return partner


def _signing_key(kid: str, public_key: bytes, valid_from: datetime) -> SigningKey:
    return SigningKey(
        kid=kid, public_key=public_key, valid_from=valid_from, valid_until=valid_from + KEY_LIFETIME
    )


def _inventory(folder: Path, terms: SiteTerms) -> dict[str, Any]:
    homes = {trial.folder: folder / "partners" / trial.folder for trial in terms.partners}
    return {
        "folder": str(folder),
        "address": f"127.0.0.1:{terms.port}",
        "index_config": str(folder / "index.toml"),
        "convenant": str(folder / "convenant.yaml"),
        "trusted_ca": str(folder / "ca" / "ca.pem"),
        "pseudonym_service": {
            "oin": terms.oin(CUSTODIAN_NUMBER),
            "config": str(folder / CUSTODIAN / "pseudonym-service.toml"),
            "address": f"127.0.0.1:{terms.pseudonym_port}",
        },
        "partners": {
            trial.folder: {
                "oin": terms.oin(trial.number),
                "config": str(homes[trial.folder] / "partner.toml"),
                "certificate": str(homes[trial.folder] / "certificate.pem"),
                "key": str(homes[trial.folder] / "key.pem"),
            }
            for trial in terms.partners
        },
    }


def _index_toml(terms: SiteTerms) -> str:
    return f"""\
# Settings of the index. Paths are relative to this file.
# VERWIJSINDEX_STORE__URL overrides [store] url, and so on.
environment = "trial"
oin = "{terms.oin(0)}"
sealing_key = "index/{SEALING_KEY}"
# On one machine the custodian's own file; elsewhere a copy, replaced at every rotation.
pseudonym_keys = "{CUSTODIAN}/keys/{PUBLIC_KEYS}"

[store]
url = "{terms.store_url}"

[bus]
url = "{terms.bus_url}"

[tls]
certificate = "index/certificate.pem"
key = "index/key.pem"
trusted_ca = "ca/ca.pem"

[listen]
host = "127.0.0.1"
port = {terms.port}

# What partners have evaluated is compared with what they register and ask.
[pseudonym_service]
address = "127.0.0.1:{terms.pseudonym_port}"
"""


def _pseudonym_service_toml(terms: SiteTerms) -> str:
    partners = "".join(f'\n[partners."{terms.oin(trial.number)}"]\n' for trial in terms.partners)
    return f"""\
# Settings of the pseudonym service. Paths are relative to this file.
# It belongs to a custodian of its own: whoever runs the index must not hold its key, nor the other way round.
environment = "trial"
oin = "{terms.oin(CUSTODIAN_NUMBER)}"
index = "{terms.oin(0)}"
keys = "keys"

[store]
url = "{terms.pseudonym_store_url}"

[tls]
certificate = "certificate.pem"
key = "key.pem"
trusted_ca = "../ca/ca.pem"

[listen]
host = "127.0.0.1"
port = {terms.pseudonym_port}

# Evaluations a partner may have: lastingly an hour, and at once after a quiet time. What a table of a partner
# does not set is as here.
[quota]
per_hour = 10000
burst = 10000
{partners}"""


def _partner_toml(trial: TrialPartner, terms: SiteTerms) -> str:
    return f"""\
# Settings of {trial.name}: for its adapter and for lookups by hand. Paths are relative to this file.
environment = "trial"
oin = "{terms.oin(trial.number)}"
kind = "{trial.kind}"
signing_key = "{SIGNING_KEY}"
reference_key = "{REFERENCE_KEY}"
state = "state.sqlite3"
quarantine = "quarantine"

[bus]
url = "{terms.partner_bus_url}"

[index]
address = "127.0.0.1:{terms.port}"

[tls]
certificate = "certificate.pem"
key = "key.pem"
trusted_ca = "../../ca/ca.pem"

[pseudonyms]
address = "127.0.0.1:{terms.pseudonym_port}"
public_keys = "../../{CUSTODIAN}/keys/{PUBLIC_KEYS}"

[lookup]
professional = "proef-medewerker"
role = "{trial.role}"
mandate = "eigen-taak"

[adapter]
inbox = "inbox"
{trial.adapter_settings}"""
