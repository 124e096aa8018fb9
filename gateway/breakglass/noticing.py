"""Who is told what about a declaration: codes, times, and each partner's own references."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gateway.bus.ports import BusRecord
from gateway.domain import Declaration, Oin, Reference
from gateway.messages.notices import Notice, NoticeEvent, notice_record


def tell(
    recipient: Oin,
    event: NoticeEvent,
    declaration: Declaration,
    *,
    at: datetime,
    occasion: str,
    references: Iterable[Reference] = (),
) -> BusRecord:
    """Return the notice for the officers of one organisation.

    `occasion` is the audit record of what happened, `references` are the recipient's own and nobody else's.
    """
    return notice_record(
        Notice(
            recipient=recipient,
            event=event,
            declaration=declaration.id,
            asker=declaration.partner,
            purpose=declaration.purpose,
            ground=declaration.ground,
            at=at,
            declared_at=declaration.declared_at,
            expires_at=declaration.expires_at,
            review_due=declaration.review_due,
            occasion=occasion,
            references=tuple(sorted(references)),
        )
    )


def tell_all(
    shown: Iterable[Oin], event: NoticeEvent, declaration: Declaration, *, at: datetime, occasion: str
) -> list[BusRecord]:
    """Return the notices for the asker and for every partner that the declaration showed."""
    recipients = [declaration.partner, *sorted(set(shown) - {declaration.partner})]
    return [tell(oin, event, declaration, at=at, occasion=occasion) for oin in recipients]
