"""Settings of a partner's own processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from gateway.domain import PartnerKind
from gateway.errors import UnsafeConfigurationError
from gateway.settings.reading import FileSettings, is_loopback, load, refuse_open_kafka
from gateway.settings.sections import AddressSettings, BusSettings, CodeSetting, Section, TlsSettings


class PseudonymRetrySettings(Section):
    """How long one batch of at most 1,000 persons is tried before the caller hears that it did not work."""

    attempts: int = Field(5, ge=1, le=20)
    """Calls for one batch, the first included, while the service is away."""
    first_pause_seconds: float = Field(0.2, gt=0, le=60)
    longest_pause_seconds: float = Field(5.0, gt=0, le=600)
    """Pauses grow up to this; a service that asks for a longer one is not waited for."""
    quota_patience_seconds: float = Field(300.0, ge=0, le=86_400)
    """How long a registration waits for its quota in all. A lookup does not: somebody is waiting for it."""


class PseudonymSettings(AddressSettings):
    """Where the pseudonym service answers, and the public keys that its proofs must fit."""

    public_keys: Path
    """The pinned keys (`pseudonym-keys.json`); got from the custodian by another way than this connection."""
    deadline_seconds: float = Field(15.0, gt=0, le=600)
    retry: PseudonymRetrySettings = PseudonymRetrySettings()


class AgentSettings(Section):
    """Where `verwijsindex agent` listens: a Unix socket, or the loopback interface if a port is set.

    Without either: the socket `agent.sock` beside the state file.
    """

    socket: Path | None = None
    host: str = "127.0.0.1"
    port: int | None = Field(None, ge=0, le=65535)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.socket is not None and self.port is not None:
            raise ValueError("set socket or port, not both")
        return self


class OwnCaseSettings(Section):
    """What the staff declared as its own cases, for the agent and `verwijsindex lookup`."""

    staff: Path | None = None
    """CSV (`medewerker;bsn`) of mode 0600; without it counts what each professional says."""


class LookupDefaults(Section):
    """Who asks when `verwijsindex lookup` runs by hand and does not say."""

    professional: str
    role: str
    mandate: str


class PartnerSettings(FileSettings):
    """Everything a partner's own processes (adapter, agent, lookup by hand) need."""

    kind: CodeSetting
    bus: BusSettings
    index: AddressSettings
    tls: TlsSettings
    signing_key: Path
    reference_key: Path
    state: Path
    quarantine: Path
    pseudonyms: PseudonymSettings
    lookup: LookupDefaults
    agent: AgentSettings = AgentSettings()
    own_case: OwnCaseSettings = OwnCaseSettings()
    adapter: dict[str, Any] = Field(default_factory=dict)
    """Settings of the adapter itself; each adapter's README lists them."""

    def refuse_unsafe(self) -> None:
        """Raise UnsafeConfigurationError for settings that must not start."""
        super().refuse_unsafe()
        refuse_open_kafka(self.bus)
        if not is_loopback(self.agent.host):
            raise UnsafeConfigurationError(
                "agent.host: the agent takes BSNs without encryption; it listens on the loopback interface only"
            )

    @property
    def agent_socket(self) -> Path | None:
        """The Unix socket of the agent; None where it listens on the loopback interface."""
        if self.agent.port is not None:
            return None
        return self.agent.socket or self.state.parent / "agent.sock"

    @property
    def partner_kind(self) -> PartnerKind:
        """The kind as the domain's type."""
        return PartnerKind(self.kind)


def load_partner_settings(path: Path | None) -> PartnerSettings:
    """Read a partner's settings from a TOML file (or `partner.toml` in a folder) and the environment."""
    return load(path, PartnerSettings, "partner.toml")
