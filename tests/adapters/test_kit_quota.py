"""An adapter whose quota of the pseudonym service is used up: nothing is lost, and the next run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from adapters.veilig_thuis import ADAPTER
from gateway.domain import Bsn, Subject
from gateway.errors import PseudonymsUnavailable, QuotaExceeded
from gateway.pseudonyms.ports import EvaluationPurpose
from tests.support.adapters import FakePseudonymiser, Workbench
from tests.support.veilig_thuis import csv_of, row


class MeteredPseudonymiser(FakePseudonymiser):
    """Refuses while its quota is used up, and remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.is_used_up = False
        self.purposes: set[EvaluationPurpose] = set()

    async def pseudonymise(self, persons: Sequence[Bsn], *, purpose: EvaluationPurpose) -> Sequence[Subject]:
        self.purposes.add(purpose)
        if self.is_used_up:
            raise QuotaExceeded("this partner's quota is used up", retry_after_seconds=61.5)
        return await super().pseudonymise(persons, purpose=purpose)


async def test_a_used_up_quota_is_something_that_is_away_and_says_until_when(tmp_path: Path) -> None:
    metered = MeteredPseudonymiser()
    bench = Workbench(tmp_path, ADAPTER, pseudonymiser=metered)
    export = bench.write("a.csv", csv_of([row()]))
    metered.is_used_up = True
    with pytest.raises(PseudonymsUnavailable, match="in 62 seconds"):
        await bench.run(export)
    metered.is_used_up = False
    assert (await bench.run(export))["messages"] == 2
    assert metered.purposes == {EvaluationPurpose.REGISTRATION}
