"""How a settings file is read: TOML first, the environment over it, then what is unsafe is refused."""

from __future__ import annotations

import ipaddress
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.domain import TEST_OIN_PREFIX, Oin
from gateway.errors import ConfigurationError, UnsafeConfigurationError
from gateway.settings.sections import BusSettings, OinSetting

_PATH_NAMES = {
    "ca", "certificate", "key", "password_file", "trusted_ca", "convenant", "signing_key", "reference_key",
    "state", "quarantine", "sealing_key", "pseudonym_keys", "keys", "public_keys", "socket", "staff",
}  # fmt: skip


class Environment(StrEnum):
    """What the site is for. `trial` allows test OINs; production does not."""

    TRIAL = "trial"
    PRODUCTION = "production"


class FileSettings(BaseSettings):
    """Settings of one process."""

    model_config = SettingsConfigDict(
        env_prefix="VERWIJSINDEX_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    environment: Environment = Environment.PRODUCTION
    oin: OinSetting

    def refuse_unsafe(self) -> None:
        """Raise UnsafeConfigurationError for settings that must not start."""
        refuse_test_oin(self.environment, Oin(self.oin))

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


AnySettings = TypeVar("AnySettings", bound=FileSettings)


def load(path: Path | None, model: type[AnySettings], name_in_folder: str) -> AnySettings:
    """Read settings from a TOML file (or the named file in a folder) and the environment.

    Raises:
        ConfigurationError: the file cannot be read, or a value breaks a rule; names the setting, not the value.
        UnsafeConfigurationError: the settings are readable and not safe together.

    """
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


def refuse_test_oin(environment: Environment, oin: Oin, *, name: str = "oin") -> None:
    """Raise UnsafeConfigurationError for an OIN of the test range in production; `name` is the setting."""
    if environment is Environment.PRODUCTION and oin.startswith(TEST_OIN_PREFIX):
        raise UnsafeConfigurationError(
            f"{name}: OINs with prefix {TEST_OIN_PREFIX} are for trials; "
            'set environment = "trial" or a real OIN'
        )


def refuse_open_kafka(bus: BusSettings) -> None:
    """Raise UnsafeConfigurationError for a Kafka cluster outside this machine without TLS."""
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
