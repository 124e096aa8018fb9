"""Composition of the rooms that answer partners, each with the terms of the settings."""

from __future__ import annotations

from datetime import timedelta

from gateway.agreement.reading import AgreementReader
from gateway.breakglass.declaring import BreakGlass
from gateway.breakglass.sealing import TextSealer
from gateway.clock import now
from gateway.consents.service import ConsentRoom
from gateway.domain import Oin
from gateway.index.ports import IndexStore
from gateway.keyfiles import load_secret
from gateway.lookup.misses import MissTerms
from gateway.lookup.pacing import Pacing
from gateway.lookup.service import Bounds, LookupService
from gateway.lookup.waking import ThreadWaking
from gateway.metering.bounds import CallBounds
from gateway.metering.ports import MeterTerms
from gateway.refusals.service import RefusalRoom
from gateway.rpc.server import Rooms
from gateway.settings import AlarmSettings, BreakGlassSettings, IndexSettings, MissesSettings, QuotaSettings
from gateway.telemetry.alarms import Alarms


def open_rooms(settings: IndexSettings, store: IndexStore, agreement: AgreementReader) -> Rooms:
    """Build what answers behind the services; ConfigurationError where the index's key cannot be used."""
    questions = meter_terms(settings.quota)
    return Rooms(
        lookup=LookupService(
            store=store,
            agreement=agreement,
            clock=now,
            bounds=lookup_bounds(settings.quota, settings.misses, settings.alarm),
            pacing=Pacing(settings.pacing.tick_milliseconds, ThreadWaking()),
        ),
        consents=ConsentRoom(
            store=store,
            agreement=agreement,
            clock=now,
            bounds=CallBounds(quota=questions, alarms=_alarms(settings.alarm)),
        ),
        break_glass=BreakGlass(
            store=store,
            agreement=agreement,
            sealer=TextSealer(load_secret(settings.sealing_key)),
            clock=now,
            bounds=CallBounds(quota=meter_terms(settings.break_glass), alarms=_alarms(settings.alarm)),
        ),
        refusals=RefusalRoom(
            store=store,
            agreement=agreement,
            clock=now,
            bounds=CallBounds(quota=questions, alarms=_alarms(settings.alarm)),
        ),
    )


def lookup_bounds(quota: QuotaSettings, misses: MissesSettings, alarm: AlarmSettings) -> Bounds:
    """Return what the settings say of how much a partner may ask."""
    return Bounds(
        quota=meter_terms(quota),
        misses=MissTerms(
            default=meter_terms(misses),
            partners={Oin(oin): meter_terms(misses.of(oin)) for oin in misses.partners},
        ),
        alarms=_alarms(alarm),
    )


def meter_terms(settings: QuotaSettings | MissesSettings | BreakGlassSettings) -> MeterTerms:
    """Return the terms of a meter."""
    return MeterTerms(per_hour=settings.per_hour, burst=settings.burst)


def _alarms(settings: AlarmSettings) -> Alarms:
    """Each room has its own: what one of them named is not named for another."""
    return Alarms(timedelta(seconds=settings.repeat_seconds))
