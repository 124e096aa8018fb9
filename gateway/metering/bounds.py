"""What bounds one kind of call: how many a partner may make, and how often a stranger is named."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.metering.ports import MeterTerms
from gateway.telemetry.alarms import Alarms


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBounds:
    """The terms of every partner; `alarms` put a stranger on record once a period, not per call."""

    quota: MeterTerms
    alarms: Alarms
