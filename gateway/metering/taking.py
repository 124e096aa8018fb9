"""Take one out of one bucket, for a call that is settled by itself."""

from __future__ import annotations

from datetime import datetime

from gateway.metering.bucket import is_beyond
from gateway.metering.ports import MeterKey, Meters, MeterTerms
from gateway.metering.tally import Tally


async def take_one(meters: Meters, key: MeterKey, terms: MeterTerms, now: datetime) -> None:
    """Charge the bucket with one. Nobody else charges it until the transaction ends.

    Raises:
        QuotaExceeded: nothing is left; nothing was charged, and the transaction can still be used.

    """
    # Held: what is left cannot be taken between the look and the charge, so a refusal can still be written.
    standing = await meters.standing([key], hold=True)
    if key in standing and is_beyond(standing[key], terms, now):
        await meters.mend({key: terms}, now)
    tally = Tally(standing, now)
    tally.take(key, terms)
    await meters.charge(tally.charges, now)
