"""A convenant in force whatever a store holds: for rooms over a real store, whose versions are files."""

from __future__ import annotations

from datetime import datetime

from gateway.agreement.ports import Agreements
from gateway.agreement.reading import AgreementReader, InForce
from gateway.convenant.engine import Engine
from gateway.convenant.model import Convenant
from gateway.domain import Oin


class FixedAgreement(AgreementReader):
    """Says that this convenant is in force, signed by these organisations; None: that there is none."""

    def __init__(self, convenant: Convenant | None, *parties: Oin) -> None:
        super().__init__()
        self._found = None
        if convenant is not None:
            self._found = InForce(
                engine=Engine(convenant), parties=frozenset(parties), starts=convenant.valid_from
            )

    async def in_force(self, agreements: Agreements, at: datetime) -> InForce | None:
        return self._found
