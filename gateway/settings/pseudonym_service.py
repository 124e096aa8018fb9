"""Settings of the pseudonym service, which its own custodian runs, apart from the index."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from gateway.domain import LARGEST_BATCH, Oin
from gateway.errors import UnsafeConfigurationError
from gateway.settings.reading import FileSettings, load, refuse_test_oin
from gateway.settings.sections import (
    AlarmSettings,
    ListenSettings,
    OinSetting,
    Section,
    StoreSettings,
    TlsSettings,
)

_DEFAULT_PORT = 50444
"""Beside the index's 50443, so that both can run on one machine in a trial."""


class EvaluationQuotaSettings(Section):
    """How many evaluations a partner may have: lastingly an hour, and at once after a quiet time.

    There are 90,909,090 valid BSNs: at 10,000 an hour a partner that tries them all needs more than a year. A burst
    is at least as large as a batch: else a full one could never be evaluated.
    """

    per_hour: int = Field(10_000, ge=1)
    burst: int = Field(10_000, ge=LARGEST_BATCH)


class PartnerQuotaSettings(Section):
    """One partner that may ask for evaluations; what is not set here is as in `[quota]`."""

    per_hour: int | None = Field(None, ge=1)
    burst: int | None = Field(None, ge=LARGEST_BATCH)


class PseudonymServiceSettings(FileSettings):
    """Everything the pseudonym service needs. `oin` is the custodian's own: another organisation than the index."""

    index: OinSetting
    """OIN of the index the pseudonyms are for: part of the context of every pseudonym."""
    keys: Path
    """The custodian's folder with the key ring."""
    store: StoreSettings
    tls: TlsSettings
    listen: ListenSettings = ListenSettings(port=_DEFAULT_PORT)
    quota: EvaluationQuotaSettings = EvaluationQuotaSettings()
    alarm: AlarmSettings = AlarmSettings()
    partners: Mapping[OinSetting, PartnerQuotaSettings] = Field(default_factory=dict)
    """Who may ask, by OIN. A partner that is not listed is refused."""

    def refuse_unsafe(self) -> None:
        """Raise UnsafeConfigurationError for settings that must not start."""
        super().refuse_unsafe()
        refuse_test_oin(self.environment, Oin(self.index), name="index")
        for partner in self.partners:
            refuse_test_oin(self.environment, Oin(partner), name="partners")
        if self.oin == self.index:
            raise UnsafeConfigurationError(
                "oin: the custodian of the pseudonym key must be another organisation than the index"
            )
        if self.index in self.partners:
            raise UnsafeConfigurationError(
                "partners: the index may not have anything evaluated; whoever holds its key and may could list BSNs"
            )

    def quota_of(self, partner: Oin) -> EvaluationQuotaSettings:
        """Return the quota of a listed partner, its own values first; KeyError for one that is not listed."""
        own = self.partners[partner]
        return EvaluationQuotaSettings(
            per_hour=own.per_hour or self.quota.per_hour, burst=own.burst or self.quota.burst
        )


def load_pseudonym_service_settings(path: Path | None) -> PseudonymServiceSettings:
    """Read the service's settings from a TOML file (or `pseudonym-service.toml` in a folder) and the environment."""
    return load(path, PseudonymServiceSettings, "pseudonym-service.toml")
