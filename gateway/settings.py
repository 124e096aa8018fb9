"""Settings of the index and of a partner: one TOML file each, every value also as `VERWIJSINDEX_…`.

`VERWIJSINDEX_STORE__URL` overrides `[store] url`, and so on: two underscores between the levels. Relative
paths are relative to the file they stand in. Every model is closed: an unknown name is refused. Combinations
that are readable but unsafe are refused by `refuse_unsafe`, before anything is opened.
"""

from __future__ import annotations

import ipaddress
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.domain import TEST_OIN_PREFIX, Oin, PartnerKind, parse_code, parse_oin
from gateway.errors import ConfigurationError, InvalidInput, UnsafeConfigurationError


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


class Environment(StrEnum):
    """What the site is for. `trial` allows test OINs and the unsafe pseudonym key; production allows neither."""

    TRIAL = "trial"
    PRODUCTION = "production"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KafkaSecurity(_Section):
    """How to reach a Kafka cluster. `ssl` and `sasl_ssl` outside this machine; anything else is refused there."""

    protocol: str = Field("plaintext", pattern="^(plaintext|ssl|sasl_plaintext|sasl_ssl)$")
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    sasl_mechanism: str = Field("SCRAM-SHA-512", pattern="^(SCRAM-SHA-256|SCRAM-SHA-512|PLAIN)$")
    username: str = ""
    password_file: Path | None = None


class BusSettings(_Section):
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


class StoreSettings(_Section):
    """`sqlite:///path/to/index.sqlite3` (embedded) or `postgresql://user@host:port/database`."""

    url: str
    password_file: Path | None = None

    @model_validator(mode="after")
    def _known_scheme(self) -> Self:
        if not self.url.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("url must start with sqlite:/// or postgresql://")
        return self


class TlsSettings(_Section):
    """Own certificate and key, and the CA whose certificates the other side must show (PEM files)."""

    certificate: Path
    key: Path
    trusted_ca: Path


class ListenSettings(_Section):
    """Where the index answers gRPC; port 0 takes a free one and prints it."""

    host: str = "127.0.0.1"
    port: int = Field(50443, ge=0, le=65535)


class IngestSettings(_Section):
    """How messages are taken in."""

    in_serve: bool = True
    """Whether `verwijsindex serve` also takes messages in; false where `verwijsindex ingest` runs on its own."""
    group: str = "verwijsindex-ingest"
    batch: int = Field(200, ge=1, le=5000)
    largest_message_bytes: int = Field(65_536, ge=1024)
    """A fact without case content fits in a few kilobytes; what is larger is not one."""


class QuotaSettings(_Section):
    """How many questions a partner may ask of one process: at once, and lastingly."""

    burst: int = Field(20_000, ge=1)
    refill_per_second: float = Field(50.0, gt=0)


class PseudonymSettings(_Section):
    """The shared key of the unsafe first pseudonymiser (partner's side)."""

    unsafe_shared_key: Path | None = None


class _FileSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="VERWIJSINDEX_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    environment: Environment = Environment.PRODUCTION

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment override the file."""
        return env_settings, init_settings


class IndexSettings(_FileSettings):
    """Everything the index's own processes need."""

    oin: OinSetting
    store: StoreSettings
    bus: BusSettings
    tls: TlsSettings
    convenant: Path
    listen: ListenSettings = ListenSettings()
    ingest: IngestSettings = IngestSettings()
    quota: QuotaSettings = QuotaSettings()

    def refuse_unsafe(self) -> None:
        """Raise UnsafeConfigurationError for settings that must not start."""
        _refuse_test_oin(self.environment, Oin(self.oin))
        _refuse_open_kafka(self.bus)
        if self.environment is Environment.PRODUCTION and self.bus.is_kafka != (
            self.store.url.startswith("postgresql://")
        ):
            raise UnsafeConfigurationError(
                "in production Kafka goes with PostgreSQL: a store on one machine loses what the bus keeps"
            )


class PartnerIndexSettings(_Section):
    """Where the index answers, as host:port, and the name in its certificate."""

    address: str
    server_name: str | None = None


class LookupDefaults(_Section):
    """Who asks when `verwijsindex lookup` runs by hand and does not say."""

    professional: str
    role: str
    mandate: str


class PartnerSettings(_FileSettings):
    """Everything a partner's own processes (adapter, lookup by hand) need."""

    oin: OinSetting
    kind: CodeSetting
    bus: BusSettings
    index: PartnerIndexSettings
    tls: TlsSettings
    signing_key: Path
    reference_key: Path
    state: Path
    quarantine: Path
    pseudonyms: PseudonymSettings
    lookup: LookupDefaults
    adapter: dict[str, Any] = Field(default_factory=dict)
    """Settings of the adapter itself; each adapter's README lists them."""

    def refuse_unsafe(self) -> None:
        """Raise UnsafeConfigurationError for settings that must not start."""
        _refuse_test_oin(self.environment, Oin(self.oin))
        _refuse_open_kafka(self.bus)
        if self.pseudonyms.unsafe_shared_key is not None and self.environment is Environment.PRODUCTION:
            raise UnsafeConfigurationError(
                "pseudonyms.unsafe_shared_key is for trials: whoever holds it can list every BSN"
            )

    @property
    def partner_kind(self) -> PartnerKind:
        """The kind as the domain's type."""
        return PartnerKind(self.kind)


AnySettings = TypeVar("AnySettings", IndexSettings, PartnerSettings)


def load_index_settings(path: Path | None) -> IndexSettings:
    """Read the index's settings from a TOML file (or `index.toml` in a folder) and the environment."""
    return _load(path, IndexSettings, "index.toml")


def load_partner_settings(path: Path | None) -> PartnerSettings:
    """Read a partner's settings from a TOML file (or `partner.toml` in a folder) and the environment."""
    return _load(path, PartnerSettings, "partner.toml")


def _load(path: Path | None, model: type[AnySettings], name_in_folder: str) -> AnySettings:
    values: dict[str, Any] = {}
    if path is not None:
        file = path / name_in_folder if path.is_dir() else path
        try:
            values = _absolute(tomllib.loads(file.read_text("utf-8")), file.resolve().parent)
        except OSError as error:
            raise ConfigurationError(f"cannot read the settings file {file}: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{file} is not valid TOML: {error}") from None
    try:
        settings = model(**values)
    except ValidationError as error:
        # The values themselves stay out: a setting may be a secret.
        lines: list[str] = [
            f"  {'.'.join(map(str, e['loc'])) or '(top)'}: {e['msg']}" for e in error.errors()
        ]
        where = path if path is not None else "the VERWIJSINDEX_… environment"
        raise ConfigurationError("\n".join([f"{where}: settings refused", *lines])) from None
    settings.refuse_unsafe()
    return settings


_PATH_NAMES = {
    "ca", "certificate", "key", "password_file", "trusted_ca", "convenant", "signing_key", "reference_key",
    "state", "quarantine", "unsafe_shared_key",
}  # fmt: skip


def _absolute(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Make paths in a settings file absolute: they are written relative to the file."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        if name == "adapter":
            result[name] = value
        elif isinstance(value, dict):
            result[name] = _absolute(value, folder)
        elif name in _PATH_NAMES and isinstance(value, str):
            result[name] = str(folder / value)
        elif name == "url" and isinstance(value, str) and value.startswith("sqlite:///"):
            result[name] = f"sqlite:///{folder / value.removeprefix('sqlite:///')}"
        else:
            result[name] = value
    return result


def _refuse_test_oin(environment: Environment, oin: Oin) -> None:
    if environment is Environment.PRODUCTION and oin.startswith(TEST_OIN_PREFIX):
        raise UnsafeConfigurationError(
            f'oin: OINs with prefix {TEST_OIN_PREFIX} are for trials; set environment = "trial" or a real OIN'
        )


def _refuse_open_kafka(bus: BusSettings) -> None:
    if not bus.is_kafka or bus.kafka.protocol in {"ssl", "sasl_ssl"}:
        return
    for server in bus.bootstrap.split(","):
        host = urlsplit(f"//{server}").hostname or ""
        if not is_loopback(host):
            raise UnsafeConfigurationError(
                f"bus.kafka.protocol: {bus.kafka.protocol} outside this machine is refused; use ssl or sasl_ssl"
            )


def is_loopback(host: str) -> bool:
    """Tell whether a host name can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
