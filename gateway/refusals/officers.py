"""What the privacy officers of the index see of recorded refusals; that they looked is on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.agreement.reading import AgreementReader
from gateway.audit.reading import ReadReason, record_access
from gateway.domain import Professional, RecordedRefusal
from gateway.index.ports import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A refusal that stands, with its partner and its ground in words; a code or number where there are none."""

    refusal: RecordedRefusal
    partner: str
    ground: str


async def standing_on_record(
    tx: Transaction, agreement: AgreementReader, *, at: datetime, reader: Professional
) -> Sequence[Standing]:
    """Return every refusal that stands, by review date, partner and reference.

    Appends a record that says who read them. Hand nothing out before the transaction has committed.
    """
    in_force = await agreement.in_force(tx.agreements, at)
    # A ground of an earlier version may be gone: its code stays what it was.
    grounds = {} if in_force is None else in_force.engine.convenant.refusal_grounds
    names = {partner.oin: partner.name for partner in await tx.partners.all()}
    standing = [
        Standing(
            refusal=refusal,
            partner=names.get(refusal.partner, refusal.partner),
            ground=grounds.get(refusal.ground, refusal.ground),
        )
        for refusal in await tx.refusals.standing()
    ]
    await record_access(tx.audit, ReadReason.REFUSALS_LISTED, at=at, reader=reader)
    return standing
