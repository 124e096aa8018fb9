"""The agreement in memory, and a convenant that is signed and in force without any file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time

from gateway.agreement.model import Act, ActKind, ConvenantVersion
from gateway.agreement.ports import Agreements
from gateway.clock import TIME_ZONE
from gateway.convenant.model import Convenant
from gateway.domain import Oin
from tests.support.fake_facts import State


class FakeAgreements(Agreements):
    """Versions and acts in tuples; `State.agreed` counts every change."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def hold(self) -> None:
        return

    async def revision(self) -> int:
        return self._state.agreed

    async def versions(self) -> Sequence[ConvenantVersion]:
        return self._state.convenants

    async def acts(self) -> Sequence[Act]:
        return self._state.acts

    async def lay_down(self, version: ConvenantVersion) -> bool:
        known = {laid_down.convenant.content_hash for laid_down in self._state.convenants}
        if version.convenant.content_hash in known:
            return False
        self._state.convenants += (version,)
        self._state.agreed += 1
        return True

    async def add(self, act: Act) -> None:
        self._state.acts += (act,)
        self._state.agreed += 1


def in_force(convenant: Convenant, *parties: Oin) -> tuple[ConvenantVersion, tuple[Act, ...]]:
    """Return the convenant as a version in force from its first day on, and the signatures of the parties.

    Without signatories of its own all parties are signatories, since nothing is in force without any.
    """
    agreed = replace(convenant, signatories=convenant.signatories or frozenset(parties))
    since = datetime.combine(convenant.valid_from, time.min, TIME_ZONE)
    version = ConvenantVersion(convenant=agreed, content=b"", starts=convenant.valid_from, laid_down_at=since)
    return version, tuple(
        Act(
            partner=party,
            content_hash=agreed.content_hash,
            kind=ActKind.SIGN,
            at=since,
            kid="k1",
            document=b"",
        )
        for party in parties
    )


def agree(state: State, convenant: Convenant, *parties: Oin) -> None:
    """Put the convenant in force in the place of whatever stands; without parties, every partner signs."""
    version, acts = in_force(convenant, *(parties or state.partners))
    state.convenants, state.acts = (version,), acts
    state.agreed += 1
