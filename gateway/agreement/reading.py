"""The version in force, read from the store and compiled once: what lookups ask at every batch."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gateway.agreement.model import Act, ConvenantVersion
from gateway.agreement.ports import Agreements
from gateway.agreement.standing import boundaries, standing
from gateway.convenant.engine import Engine
from gateway.domain import Oin


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The version that counts: its decisions, who stands signed, and the day from which it could take effect."""

    engine: Engine
    parties: frozenset[Oin]
    starts: date


def identity_of(agreement: InForce | None) -> str:
    """Return the name, version and hash that audit records have of what is in force; empty where nothing is."""
    return "" if agreement is None else agreement.engine.convenant.identity


class AgreementReader:
    """Reads which version is in force, one a process. Safe to call from many tasks at once.

    While nothing was added to the agreement a call costs one statement; a version that becomes due or ends with the
    day does so without anything being added. Not for a transaction that has itself added to the agreement: what is
    rolled back would be remembered.
    """

    def __init__(self) -> None:
        self._read: _Read | None = None

    async def in_force(self, agreements: Agreements, at: datetime) -> InForce | None:
        """Return the version that is in force at that moment; None where none is.

        Raises:
            ConfigurationError: the store holds a version that this code cannot read: nothing counts.
            StoreUnavailable: the store is away.

        """
        revision = await agreements.revision()
        read = self._read
        if read is None or read.revision != revision:
            engines = {} if read is None else read.engines
            read = _Read(revision, await agreements.versions(), await agreements.acts(), engines)
            self._read = read
        return read.in_force(at)


class _Read:
    """What stood in the store at one revision, with the answer for every stretch of time that was asked about."""

    def __init__(
        self,
        revision: int,
        versions: Sequence[ConvenantVersion],
        acts: Sequence[Act],
        engines: dict[str, Engine],
    ) -> None:
        self.revision = revision
        self.engines = engines
        """By content hash: a new signature under an old version compiles nothing again."""
        self._versions = versions
        self._acts = acts
        self._boundaries = boundaries(versions, acts)
        # What stands in the store has happened, also where the clock of another machine ran ahead of ours.
        self._latest = max(
            (*(version.laid_down_at for version in versions), *(act.at for act in acts)), default=None
        )
        self._answers: dict[int, InForce | None] = {}

    def in_force(self, at: datetime) -> InForce | None:
        at = at if self._latest is None else max(at, self._latest)
        stretch = bisect_right(self._boundaries, at)
        if stretch not in self._answers:
            self._answers[stretch] = self._answer(at)
        return self._answers[stretch]

    def _answer(self, at: datetime) -> InForce | None:
        found = standing(self._versions, self._acts, at).in_force
        if found is None:
            return None
        convenant = found.version.convenant
        engine = self.engines.get(convenant.content_hash)
        if engine is None or engine.convenant is not convenant:
            engine = self.engines[convenant.content_hash] = Engine(convenant)
        return InForce(engine=engine, parties=found.parties, starts=found.version.starts)
