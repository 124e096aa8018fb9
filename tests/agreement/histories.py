"""Random histories of an agreement, and which version counts by going through them moment by moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from gateway.agreement.model import Act, ActKind, ConvenantVersion
from gateway.agreement.standing import boundaries
from gateway.clock import day_of
from gateway.domain import Oin
from tests.support.convenants import convenant
from tests.support.sealed import OIN_GGZ, OIN_POLITIE, OIN_VT

ORGANISATIONS = (OIN_VT, OIN_GGZ, OIN_POLITIE)
FIRST = datetime(2026, 3, 1, 20, tzinfo=UTC)
"""Days begin at 23:00 UTC: three hours on."""

moments = st.integers(0, 24).map(lambda steps: FIRST + timedelta(hours=4 * steps))
"""Within four days, some of them the moment at which a day begins."""
days = st.integers(1, 5).map(lambda day: date(2026, 3, day))


@dataclass(frozen=True)
class History:
    """Versions and acts in the order in which they were added."""

    versions: tuple[ConvenantVersion, ...]
    acts: tuple[Act, ...]


def version(
    number: int = 1, *signatories: Oin, starts: date = date(2026, 3, 1), **changes: object
) -> ConvenantVersion:
    """Return a version whose content hash is its number; laid down before everything."""
    return ConvenantVersion(
        convenant=convenant(
            **{
                "name": "Proefregio",
                "version": str(number),
                "content_hash": f"{number:064d}",
                "signatories": frozenset(signatories),
            }
            | changes
        ),
        content=b"",
        starts=starts,
        laid_down_at=FIRST,
    )


def act(number: int, partner: Oin, at: datetime, kind: ActKind = ActKind.SIGN) -> Act:
    """Return what an organisation did with the version of that number."""
    return Act(
        partner=partner, content_hash=f"{number:064d}", kind=kind, at=at, kid="k1", document=b"document"
    )


@st.composite
def versions(draw: st.DrawFn, number: int) -> ConvenantVersion:
    """Draw a version that some organisations must sign."""
    first, last = sorted([draw(days), draw(days)])
    wanted = draw(st.sampled_from([[OIN_VT], [OIN_GGZ], [OIN_VT, OIN_GGZ], [OIN_VT], [OIN_GGZ], []]))
    whole = draw(st.sampled_from([True, True, True, False]))
    return version(
        number,
        *wanted,
        starts=min(draw(days), draw(days)),
        valid_from=date(2026, 3, 1) if whole else first,
        valid_until=date(2026, 3, 31) if whole else last,
    )


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw some versions and, in order of time, what organisations did with them."""
    count = draw(st.sampled_from([2, 3, 1]))
    acts = [
        act(
            draw(st.integers(1, count)),
            draw(st.sampled_from([OIN_VT, OIN_GGZ, *ORGANISATIONS])),
            at,
            draw(st.sampled_from([ActKind.SIGN] * 6 + [ActKind.REVOKE])),
        )
        for at in sorted(draw(st.lists(moments, min_size=6, max_size=20)))
    ]
    return History(tuple(draw(versions(number)) for number in range(1, count + 1)), tuple(acts))


def counts_step_by_step(history: History, at: datetime) -> ConvenantVersion | None:
    """Return the version in force by living through the history: what is ready for the first time takes over.

    What was laid down before a version that was in force already has had its time.
    """
    current: ConvenantVersion | None = None
    begun: set[str] = set()
    newest = -1
    for moment in boundaries(history.versions, history.acts):
        if moment > at:
            break
        for place, each in enumerate(history.versions):
            number = each.convenant.content_hash
            if place > newest and number not in begun and _is_ready(each, history, moment):
                begun.add(number)
                current, newest = each, place
    return current if current is not None and _is_ready(current, history, at) else None


def _is_ready(each: ConvenantVersion, history: History, at: datetime) -> bool:
    said = {
        act.partner: act.kind
        for act in history.acts
        if act.at <= at and act.content_hash == each.convenant.content_hash
    }
    return (
        bool(each.convenant.signatories)
        and all(said.get(oin) is ActKind.SIGN for oin in each.convenant.signatories)
        and each.starts <= day_of(at)
        and each.convenant.in_force(day_of(at))
    )
