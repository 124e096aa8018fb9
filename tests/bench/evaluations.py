"""Evaluations with their proof, and the partner's steps, beside what the bare binding multiplies in the same run.

An evaluation under a batch proof takes two multiplications an element: one evaluates, one goes into the composite
that the proof is about (RFC 9497, section 2.2.1). So the first rows count multiplications: with proof, hashing,
additions and Python's share on one side, and a loop that only multiplies on the other.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import rbcl  # type: ignore[import-untyped]

from gateway.domain import LARGEST_BATCH
from gateway.pseudonyms import voprf

ROUNDS = 7
TARGET_RATIO = 0.8
MULTIPLICATIONS_AN_EVALUATION = 2


@dataclass(frozen=True)
class Measured:
    """One measurement: how much a second, the ceiling beside it, and the target of their ratio where there is one."""

    name: str
    per_second: float
    ceiling_name: str
    ceiling_per_second: float
    target: float | None = None


def measure_evaluations() -> list[Measured]:
    """Measure a full batch: on the service's side in one thread and on all cores, on the partner's in one."""
    pair = voprf.derive_key_pair(bytes(range(32)), b"bench")
    inputs = [b"person %d" % number for number in range(LARGEST_BATCH)]
    blinded = [voprf.blind(one) for one in inputs]
    elements = [one.element for one in blinded]
    answer = voprf.evaluate(pair.secret, pair.public_key, elements)
    cores = os.cpu_count() or 1

    def evaluated(workers: int) -> Callable[[], object]:
        return lambda: voprf.evaluate(pair.secret, pair.public_key, elements, workers=workers)

    def finalised() -> None:
        for one, blind, element in zip(inputs, blinded, answer.elements, strict=True):
            voprf.finalize(one, blind.blind, element)

    single, many, raw, raw_many, blinds, verified, finals = _seconds(
        evaluated(1),
        evaluated(cores),
        lambda: _bare(pair.secret, elements),
        lambda: _bare_in_threads(pair.secret, elements, cores),
        lambda: [voprf.blind(one) for one in inputs],
        lambda: voprf.verify(pair.public_key, elements, answer.elements, answer.proof),
        finalised,
    )
    size = LARGEST_BATCH
    one, all_cores = (
        ("bare multiplications, one thread", size / raw),
        (f"…, {cores} threads", size / raw_many),
    )
    work = MULTIPLICATIONS_AN_EVALUATION * size
    return [
        Measured("multiplications in evaluations with proof, one thread", work / single, *one, TARGET_RATIO),
        Measured(f"…, {cores} threads", work / many, *all_cores, TARGET_RATIO),
        Measured("evaluations with proof, one thread", size / single, *one),
        Measured(f"…, {cores} threads", size / many, *all_cores),
        Measured("partner: elements blinded", size / blinds, *one),
        Measured("partner: elements verified", size / verified, *one),
        Measured("partner: elements finalised", size / finals, *one),
    ]


def measure_arithmetic(persons: int) -> float:
    """Return persons a second where blinding, evaluating, verifying and finalising so many takes all the time."""
    pair = voprf.derive_key_pair(bytes(range(32)), b"bench")
    inputs = [b"person %d" % number for number in range(persons)]
    workers = os.cpu_count() or 1

    def whole() -> None:
        blinded = [voprf.blind(one) for one in inputs]
        elements = [one.element for one in blinded]
        answer = voprf.evaluate(pair.secret, pair.public_key, elements, workers=workers)
        voprf.verify(pair.public_key, elements, answer.elements, answer.proof)
        for one, blind, element in zip(inputs, blinded, answer.elements, strict=True):
            voprf.finalize(one, blind.blind, element)

    [seconds] = _seconds(whole)
    return persons / seconds


def _seconds(*works: Callable[[], object]) -> list[float]:
    """Return the shortest time of each, taken in turns: what else this machine does only makes a time longer."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, taken in zip(works, times, strict=True):
            started = time.perf_counter()
            work()
            taken.append(time.perf_counter() - started)
    return [min(taken) for taken in times]


def _bare(scalar: bytes, elements: list[bytes]) -> None:
    multiply = rbcl.crypto_scalarmult_ristretto255
    for element in elements:
        multiply(scalar, element)


def _bare_in_threads(scalar: bytes, elements: list[bytes], threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda part: _bare(scalar, elements[part::threads]), range(threads)))
