"""A custodian's folder with settings, certificate and store, as `pseudonym-service` and `pseudonyms` need them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.domain import Oin
from tests.support.facts import OIN_GGZ, OIN_VT
from tests.support.serving import OIN_INDEX, Identities

OIN_CUSTODIAN = Oin("00000099100000009000")


@dataclass(frozen=True)
class Custody:
    """The folder."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, identities: Identities) -> Custody:
        """Write the settings, for a free port; neither store nor key is there yet."""
        folder.mkdir(parents=True)
        tls = identities.tls(OIN_CUSTODIAN, server=True)
        (folder / "pseudonym-service.toml").write_text(
            f"""\
environment = "trial"
oin = "{OIN_CUSTODIAN}"
index = "{OIN_INDEX}"
keys = "keys"

[store]
url = "sqlite:///pseudonyms.sqlite3"

[tls]
certificate = "{tls.certificate}"
key = "{tls.key}"
trusted_ca = "{tls.trusted_ca}"

[listen]
port = 0

[partners."{OIN_VT}"]
per_hour = 60
burst = 2000

[partners."{OIN_GGZ}"]
""",
            "utf-8",
        )
        return cls(folder)

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "pseudonym-service.toml"

    @property
    def keys(self) -> Path:
        """The folder of the key ring."""
        return self.folder / "keys"

    @property
    def public_keys(self) -> Path:
        """The file that partners pin."""
        return self.keys / "pseudonym-keys.json"
