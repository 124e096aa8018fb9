"""Settings of the index's own processes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from gateway.domain import Oin
from gateway.errors import UnsafeConfigurationError
from gateway.settings.reading import Environment, FileSettings, load, refuse_open_kafka, refuse_test_oin
from gateway.settings.sections import (
    AddressSettings,
    AlarmSettings,
    BusSettings,
    ListenSettings,
    OinSetting,
    Section,
    StoreSettings,
    TlsSettings,
)


class IngestSettings(Section):
    """How messages are taken in."""

    in_serve: bool = True
    """Whether `verwijsindex serve` also takes messages in; false where `verwijsindex ingest` runs on its own."""
    group: str = "verwijsindex-ingest"
    batch: int = Field(200, ge=1, le=5000)
    largest_message_bytes: int = Field(65_536, ge=1024)
    """A fact without case content fits in a few kilobytes; what is larger is not one."""
    keep_ended_epoch_hours: int = Field(24, ge=0)
    """How long what stands under an epoch of the pseudonym key stays after its end: time to notice a mistaken one."""


class QuotaSettings(Section):
    """How many questions a partner may ask, over all processes on one store: lastingly an hour, and at once.

    The defaults are far above what professionals ask by hand.
    """

    per_hour: int = Field(180_000, ge=1)
    burst: int = Field(20_000, ge=1)


class PartnerMissesSettings(Section):
    """One partner with terms of its own; what is not set here is as in `[misses]`."""

    per_hour: int | None = Field(None, ge=1)
    burst: int | None = Field(None, ge=1)


class MissesSettings(Section):
    """How many questions about strangers may show a partner nothing: lastingly an hour, and at once.

    An intake desk asks about strangers all day: with fifty reports a day on households of four, two hundred
    persons, of whom many are known to nobody and some are asked about twice. The defaults let all of that through
    at once, and 780 misses within eight hours; a walk through numbers ends after a few hundred of them. All valid
    BSNs (90,909,090) would take 173 years.
    """

    per_hour: int = Field(60, ge=1)
    burst: int = Field(300, ge=1)
    partners: Mapping[OinSetting, PartnerMissesSettings] = Field(default_factory=dict)
    """By OIN: an intake desk that serves a whole region asks about more strangers than others."""

    def of(self, partner: str) -> MissesSettings:
        """Return the terms of one partner, its own values first."""
        own = self.partners.get(partner, PartnerMissesSettings())
        return MissesSettings(per_hour=own.per_hour or self.per_hour, burst=own.burst or self.burst)


class BreakGlassSettings(Section):
    """How often a partner may declare an emergency, over all processes on one store: lastingly an hour, and at once.

    A large crisis service has a few an hour on a bad night. Who needs more works otherwise, or has another reason.
    """

    per_hour: int = Field(6, ge=1)
    burst: int = Field(12, ge=1)


class PacingSettings(Section):
    """When an answer leaves: at a whole number of ticks after its question came, so that the work does not show.

    A tick must be longer than nearly every question alone takes on the machine at hand; a busy machine takes some 40
    milliseconds at most for 95 of 100. Nobody notices 50. Below ten no question is answered within a tick, and
    whoever asks sees how long it took after all.
    """

    tick_milliseconds: int = Field(50, ge=10, le=1000)


class WatchSettings(Section):
    """How often evaluations are compared with what explains them, and from where on that is an alarm.

    A nightly export evaluates everybody it holds again, and one that is repeated does so twice; a third time is room
    for runs that fall into one window because one of them was late, and for repetitions after a lost connection.
    `floor` is what a small partner may do without anybody looking: a trial run, a file that was read twice.
    """

    every_seconds: float = Field(600.0, gt=0)
    factor: float = Field(3.0, ge=1)
    floor: int = Field(1000, ge=0)


class IndexSettings(FileSettings):
    """Everything the index's own processes need."""

    store: StoreSettings
    bus: BusSettings
    tls: TlsSettings
    sealing_key: Path
    """The index's own key, 32 bytes in hexadecimal, mode 0600: without it nothing in the store leads to a person."""
    pseudonym_keys: Path
    """The public keys of the pseudonym service, from its custodian: which epochs are in use."""
    listen: ListenSettings = ListenSettings()
    ingest: IngestSettings = IngestSettings()
    quota: QuotaSettings = QuotaSettings()
    misses: MissesSettings = MissesSettings()
    break_glass: BreakGlassSettings = BreakGlassSettings()
    pacing: PacingSettings = PacingSettings()
    alarm: AlarmSettings = AlarmSettings()
    watch: WatchSettings = WatchSettings()
    pseudonym_service: AddressSettings | None = None
    """Without it nobody compares evaluations with registrations and questions."""

    def refuse_unsafe(self) -> None:
        """Raise UnsafeConfigurationError for settings that must not start."""
        super().refuse_unsafe()
        refuse_open_kafka(self.bus)
        for partner in self.misses.partners:
            refuse_test_oin(self.environment, Oin(partner), name="misses.partners")
        if self.environment is Environment.PRODUCTION and self.bus.is_kafka != (
            self.store.url.startswith("postgresql://")
        ):
            raise UnsafeConfigurationError(
                "in production Kafka goes with PostgreSQL: a store on one machine loses what the bus keeps"
            )


def load_index_settings(path: Path | None) -> IndexSettings:
    """Read the index's settings from a TOML file (or `index.toml` in a folder) and the environment."""
    return load(path, IndexSettings, "index.toml")
