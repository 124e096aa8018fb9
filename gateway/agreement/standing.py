"""Which version of the agreement counts at a moment: pure, from what was laid down, signed and revoked by then.

A version comes into force once, at the first moment at which its day has begun, it is still valid, and all its
signatories stand signed; and never after one that was laid down later than it has. The version that came into force
last is the only one that can count: it does while it is valid and all its signatories still stand signed. So a version
that was replaced never comes back, also not when the one in its place ends, and a text that was left for a newer one
cannot be brought back by the signature it still lacked. A version without signatories never comes into force.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from gateway.agreement.model import Act, ActKind, ConvenantVersion
from gateway.clock import TIME_ZONE, day_of
from gateway.domain import Oin


class State(StrEnum):
    """How a version stands; at most one is IN_FORCE."""

    IN_FORCE = "in-force"
    SCHEDULED = "scheduled"
    """Everybody signed; its day has not begun."""
    WAITING = "waiting"
    """Not all its signatories have signed."""
    REVOKED = "revoked"
    """A signatory took its signature back."""
    REPLACED = "replaced"
    """A later one came into force; also of a version that never was."""
    EXPIRED = "expired"
    WITHOUT_SIGNATORIES = "without-signatories"
    """It names nobody who must sign, so it can never be in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionStanding:
    """One version at that moment: since when each organisation's signature, or its revocation, is its last act.

    `effect` is when the version came or, as things stand, comes into force; None where it does not.
    """

    version: ConvenantVersion
    state: State
    signed: Mapping[Oin, datetime]
    revoked: Mapping[Oin, datetime]
    effect: datetime | None

    @property
    def missing(self) -> frozenset[Oin]:
        """The signatories that have not signed."""
        return self.version.convenant.signatories - self.signed.keys() - self.revoked.keys()

    @property
    def parties(self) -> frozenset[Oin]:
        """Everybody who stands signed: signatories, and others who acceded."""
        return frozenset(self.signed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Every version as it stood at one moment, in the order in which they were laid down."""

    versions: tuple[VersionStanding, ...]

    @property
    def in_force(self) -> VersionStanding | None:
        """The version that counts; None where none does."""
        return next((each for each in self.versions if each.state is State.IN_FORCE), None)


def standing(versions: Sequence[ConvenantVersion], acts: Sequence[Act], at: datetime) -> Standing:
    """Return how every version stands at that moment; what happened after it does not count.

    `versions` and `acts` in the order in which they were added. Where two versions came into force at the same
    moment, the one that was laid down last counts.
    """
    histories = [
        _History(version, tuple(act for act in acts if _is_on(act, version) and act.at <= at))
        for version in versions
        if version.laid_down_at <= at
    ]
    effects = _in_turn([history.effect() for history in histories])
    begun = [(effect, place) for place, effect in enumerate(effects) if effect is not None and effect <= at]
    last = max(begun, default=(None, None))[1]
    newest = max((place for _, place in begun), default=-1)
    return Standing(
        versions=tuple(
            VersionStanding(
                version=history.version,
                state=_state(history, effects[place], at, is_last=place == last, is_left=place < newest),
                signed=history.standing_of(ActKind.SIGN),
                revoked=history.standing_of(ActKind.REVOKE),
                effect=effects[place],
            )
            for place, history in enumerate(histories)
        )
    )


def _in_turn(effects: Sequence[datetime | None]) -> list[datetime | None]:
    """Return the effects without those that would come after the effect of a version that was laid down later."""
    kept: list[datetime | None] = []
    for place, effect in enumerate(effects):
        later = [each for each in effects[place + 1 :] if each is not None]
        is_overtaken = effect is not None and any(each < effect for each in later)
        kept.append(None if is_overtaken else effect)
    return kept


def boundaries(versions: Sequence[ConvenantVersion], acts: Sequence[Act]) -> tuple[datetime, ...]:
    """Return the moments, in order, between which nothing changes: what stands at one of them stands until the next."""
    moments = {version.laid_down_at for version in versions} | {act.at for act in acts}
    for version in versions:
        moments.add(_first_moment(version))
        moments.update(_day_after(version.convenant.valid_until))
    return tuple(sorted(moments))


def start_of(day: date) -> datetime:
    """Return when the day begins in the Netherlands."""
    return datetime.combine(day, time.min, TIME_ZONE)


@dataclass(frozen=True, slots=True)
class _History:
    """A version and what organisations did with it, in order."""

    version: ConvenantVersion
    acts: tuple[Act, ...]

    def standing_of(self, kind: ActKind) -> dict[Oin, datetime]:
        """Return whose last act is of this kind, and when it was."""
        last = {act.partner: act for act in self.acts}
        return {partner: act.at for partner, act in sorted(last.items()) if act.kind is kind}

    def effect(self) -> datetime | None:
        """Return the first moment at which the version's day has begun, it is valid and everybody stands signed."""
        for since, until in self._complete():
            start = max(since, _first_moment(self.version))
            if (until is None or start < until) and day_of(start) <= self.version.convenant.valid_until:
                return start
        return None

    def _complete(self) -> Iterator[tuple[datetime, datetime | None]]:
        """Yield the times, from and until, in which all signatories stood signed; the last one has no end."""
        wanted = self.version.convenant.signatories
        signed: set[Oin] = set()
        since: datetime | None = None
        for act in self.acts:
            if act.kind is ActKind.SIGN:
                signed.add(act.partner)
            else:
                signed.discard(act.partner)
            is_complete = bool(wanted) and wanted <= signed
            if is_complete and since is None:
                since = act.at
            elif not is_complete and since is not None:
                yield since, act.at
                since = None
        if since is not None:
            yield since, None


def _state(
    history: _History, effect: datetime | None, at: datetime, *, is_last: bool, is_left: bool
) -> State:
    convenant = history.version.convenant
    signatories = convenant.signatories
    if not signatories:
        return State.WITHOUT_SIGNATORIES
    if is_left or (effect is not None and effect <= at and not is_last):
        return State.REPLACED
    if day_of(at) > convenant.valid_until:
        return State.EXPIRED
    if signatories & history.standing_of(ActKind.REVOKE).keys():
        return State.REVOKED
    if not signatories <= history.standing_of(ActKind.SIGN).keys():
        return State.WAITING
    return State.IN_FORCE if is_last else State.SCHEDULED


def _is_on(act: Act, version: ConvenantVersion) -> bool:
    """Tell whether the act is on this version, and was accepted once it had been laid down."""
    return act.content_hash == version.convenant.content_hash and version.laid_down_at <= act.at


def _first_moment(version: ConvenantVersion) -> datetime:
    return start_of(max(version.starts, version.convenant.valid_from))


def _day_after(day: date) -> Iterator[datetime]:
    if day < date.max:
        yield start_of(day + timedelta(days=1))
