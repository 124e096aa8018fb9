"""Settings of every process: one TOML file each, every value also as `VERWIJSINDEX_…`.

`VERWIJSINDEX_STORE__URL` overrides `[store] url`, and so on: two underscores between the levels. Relative
paths are relative to the file they stand in. Every model is closed: an unknown name is refused. Combinations
that are readable but unsafe are refused by `refuse_unsafe`, before anything is opened.
"""

from __future__ import annotations

from gateway.settings.index import (
    BreakGlassSettings,
    IndexSettings,
    IngestSettings,
    MissesSettings,
    PacingSettings,
    PartnerMissesSettings,
    QuotaSettings,
    WatchSettings,
    load_index_settings,
)
from gateway.settings.partner import (
    AgentSettings,
    LookupDefaults,
    PartnerSettings,
    PseudonymRetrySettings,
    PseudonymSettings,
    load_partner_settings,
)
from gateway.settings.pseudonym_service import (
    EvaluationQuotaSettings,
    PartnerQuotaSettings,
    PseudonymServiceSettings,
    load_pseudonym_service_settings,
)
from gateway.settings.reading import Environment, is_loopback
from gateway.settings.sections import (
    AddressSettings,
    AlarmSettings,
    BusSettings,
    CodeSetting,
    KafkaSecurity,
    ListenSettings,
    OinSetting,
    StoreSettings,
    TlsSettings,
)

__all__ = [
    "AddressSettings",
    "AgentSettings",
    "AlarmSettings",
    "BreakGlassSettings",
    "BusSettings",
    "CodeSetting",
    "Environment",
    "EvaluationQuotaSettings",
    "IndexSettings",
    "IngestSettings",
    "KafkaSecurity",
    "ListenSettings",
    "LookupDefaults",
    "MissesSettings",
    "OinSetting",
    "PacingSettings",
    "PartnerMissesSettings",
    "PartnerQuotaSettings",
    "PartnerSettings",
    "PseudonymRetrySettings",
    "PseudonymServiceSettings",
    "PseudonymSettings",
    "QuotaSettings",
    "StoreSettings",
    "TlsSettings",
    "WatchSettings",
    "is_loopback",
    "load_index_settings",
    "load_partner_settings",
    "load_pseudonym_service_settings",
]
