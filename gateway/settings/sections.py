"""Parts of a settings file that several processes have: bus, store, TLS, addresses, alarms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gateway.domain import parse_code, parse_oin
from gateway.errors import InvalidInput


def _oin(text: str) -> str:
    try:
        return parse_oin(text)
    except InvalidInput as error:
        raise ValueError(error.violations[0].rule) from None


def _code(text: str) -> str:
    try:
        return parse_code(text, path="kind")
    except InvalidInput as error:
        raise ValueError(error.violations[0].rule) from None


OinSetting = Annotated[str, AfterValidator(_oin)]
CodeSetting = Annotated[str, AfterValidator(_code)]


class Section(BaseModel):
    """One table of a settings file: closed, and unchangeable once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KafkaSecurity(Section):
    """How to reach a Kafka cluster. `ssl` and `sasl_ssl` outside this machine; anything else is refused there."""

    protocol: str = Field("plaintext", pattern="^(plaintext|ssl|sasl_plaintext|sasl_ssl)$")
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    sasl_mechanism: str = Field("SCRAM-SHA-512", pattern="^(SCRAM-SHA-256|SCRAM-SHA-512|PLAIN)$")
    username: str = ""
    password_file: Path | None = None


class BusSettings(Section):
    """`sqlite:///path/to/bus.sqlite3` (embedded) or `kafka://host:port[,host:port]`."""

    url: str
    kafka: KafkaSecurity = KafkaSecurity()

    @model_validator(mode="after")
    def _known_scheme(self) -> Self:
        if not self.url.startswith(("sqlite:///", "kafka://")):
            raise ValueError("url must start with sqlite:/// or kafka://")
        return self

    @property
    def is_kafka(self) -> bool:
        """Tell whether the bus is a Kafka cluster."""
        return self.url.startswith("kafka://")

    @property
    def sqlite_path(self) -> Path:
        """The file of the embedded bus."""
        return Path(self.url.removeprefix("sqlite:///"))

    @property
    def bootstrap(self) -> str:
        """The bootstrap servers of the Kafka cluster."""
        return self.url.removeprefix("kafka://")


class StoreSettings(Section):
    """`sqlite:///path/to/index.sqlite3` (embedded) or `postgresql://user@host:port/database`."""

    url: str
    password_file: Path | None = None

    @model_validator(mode="after")
    def _known_scheme(self) -> Self:
        if not self.url.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("url must start with sqlite:/// or postgresql://")
        return self


class TlsSettings(Section):
    """Own certificate and key, and the CA whose certificates the other side must show (PEM files)."""

    certificate: Path
    key: Path
    trusted_ca: Path


class ListenSettings(Section):
    """Where a service answers gRPC; port 0 takes a free one and prints it."""

    host: str = "127.0.0.1"
    port: int = Field(50443, ge=0, le=65535)


class AddressSettings(Section):
    """Where another party's service answers, as host:port, and the name in its certificate."""

    address: str
    server_name: str | None = None


class AlarmSettings(Section):
    """How often the alarm about one partner is repeated while the partner goes on."""

    repeat_seconds: int = Field(3600, ge=1)
