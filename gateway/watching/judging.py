"""The comparison itself, pure: numbers in, findings out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from gateway.domain import Oin
from gateway.watching.model import Evaluated, Finding, WatchTerms


def judge(
    evaluated: Iterable[Evaluated],
    registered: Mapping[Oin, int],
    asked: Mapping[Oin, int],
    terms: WatchTerms,
) -> Sequence[Finding]:
    """Return a finding for every partner that occurs in any of the three, by OIN.

    `registered` are the persons in a partner's current facts, `asked` those about whom its questions were answered in
    the window: one question repeated explains one evaluation.
    While two epochs overlap every person is evaluated under both: the larger epoch counts, not the sum.
    """
    largest = _largest_epochs(evaluated)
    return [
        Finding(
            partner=partner,
            evaluated=largest.get(partner, 0),
            registered=registered.get(partner, 0),
            asked=asked.get(partner, 0),
            explained=int(terms.factor * (registered.get(partner, 0) + asked.get(partner, 0))) + terms.floor,
        )
        for partner in sorted(largest.keys() | registered.keys() | asked.keys())
    ]


def _largest_epochs(evaluated: Iterable[Evaluated]) -> Mapping[Oin, int]:
    totals: defaultdict[Oin, Counter[int]] = defaultdict(Counter)
    for row in evaluated:
        totals[row.partner][row.epoch] += row.count
    return {partner: max(epochs.values()) for partner, epochs in totals.items()}
