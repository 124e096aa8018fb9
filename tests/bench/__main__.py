"""Measure lookups and messages a second, each beside the bare work it cannot be faster than.

    lookups:  the whole lookup over mutual TLS (decide, audit, commit) : a bare gRPC echo over the same TLS
    messages: ingest into the store (check, write, audit, commit) : a bare loop of consume, verify, parse
    evaluations: with their proof : the bare binding's multiplications, of which each takes two
    pseudonyms: over mutual TLS, blinded, evaluated, recorded, verified, finalised : the same arithmetic alone
    decisions: on ten involvements, with consent asked about each : only writing down the ten verdicts
    withdrawals: from the answer on one process to a lookup on another that knows of it : a lookup by itself
    timing: questions about nobody beside those about somebody withheld, 10,000 pairs on each store

Absolute numbers are of this machine now; the ratios are what to compare. A bound that is broken fails the run.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from tests.bench.comparison import Comparison, table_of
from tests.bench.decisions import measure_decisions
from tests.bench.evaluations import measure_arithmetic, measure_evaluations
from tests.bench.lookups import measure_lookups
from tests.bench.messages import measure_messages
from tests.bench.pseudonyms import measure_service
from tests.bench.timing_of_answers import compare_on_every_store
from tests.bench.withdrawals import measure_withdrawals


@dataclass(frozen=True)
class Row:
    """One measurement: how much a second, and the ceiling beside it."""

    name: str
    per_second: float
    ceiling_name: str
    ceiling_per_second: float
    target: float | None = None
    """What the ratio should be at least, where that was agreed."""
    is_bound_kept: bool = True
    """False where the name states a bound and the measurement is beyond it."""

    @property
    def ratio(self) -> float:
        """How close the real work comes to the bare work."""
        return self.per_second / self.ceiling_per_second


async def measure(folder: Path) -> list[Row]:
    """Run every measurement."""
    lookups, echoes = await measure_lookups(folder / "lookups")
    messages, bare = await measure_messages(folder / "messages")
    persons, lone = await measure_service(folder / "pseudonyms")
    decisions = measure_decisions()
    withdrawals = await measure_withdrawals(folder / "withdrawals")
    return [
        Row(
            str(decisions),
            1 / decisions.p50,
            "only its verdicts written",
            1 / decisions.written,
            is_bound_kept=decisions.is_fast,
        ),
        Row(
            str(withdrawals),
            1 / withdrawals.percentile(50),
            "a lookup by itself",
            1 / withdrawals.median_alone,
            is_bound_kept=withdrawals.is_soon,
        ),
        Row("lookups", lookups, "gRPC echo over the same TLS", echoes),
        Row("messages taken in", messages, "consume, verify, parse", bare),
        *(Row(**vars(each)) for each in measure_evaluations()),
        Row(
            "persons in batches of 1,000, end to end",
            persons,
            "the same arithmetic",
            measure_arithmetic(1000),
        ),
        Row(
            f"one person: a lookup waits {1000 * lone:.1f} ms for its pseudonym",
            1 / lone,
            "the same arithmetic",
            measure_arithmetic(1),
        ),
    ]


def main(as_json: bool) -> None:
    """Measure, and print a table or JSON."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="vwi-bench-") as folder:
        rows = asyncio.run(measure(Path(folder)))
        compared = compare_on_every_store(Path(folder) / "timing")
    if as_json:
        figures = [{**vars(row), "ratio": row.ratio} for row in rows]
        figures += [each.as_json() for each in compared]
        sys.stdout.buffer.write(orjson.dumps(figures) + b"\n")
    else:
        _show(rows, compared, seconds=time.monotonic() - started)
    kept = [row.is_bound_kept for row in rows] + [each.is_bound_kept for each in compared]
    if not all(kept):
        sys.exit(1)


def _show(rows: list[Row], compared: list[Comparison], *, seconds: float) -> None:
    columns = ("what", "a second", "ceiling", "a second ", "ratio", "target")
    table = Table(*columns, box=None, title="Speeds of this run")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.per_second:,.0f}",
            row.ceiling_name,
            f"{row.ceiling_per_second:,.0f}",
            f"{row.ratio:.2f}",
            "" if row.target is None else f"{row.target:.2f}",
        )
    Console().print(table)
    Console().print(table_of(compared))
    Console().print(f"measured in {seconds:.0f} s", style="dim")


if __name__ == "__main__":
    main("--json" in sys.argv[1:])
