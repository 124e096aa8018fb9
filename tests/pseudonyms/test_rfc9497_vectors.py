"""The official vectors of RFC 9497 for ristretto255-SHA512, both modes, on both implementations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.pseudonyms import group, voprf
from gateway.pseudonyms.hashing import Mode
from gateway.pseudonyms.proof import Composites, Weights, prove
from tests.pseudonyms import second_voprf as second
from tests.pseudonyms.vectors import FILE, Case, cases

CASES = cases()
WITH_PROOF = [case for case in CASES if case.proof]


def test_there_are_two_cases_without_proof_two_with_and_a_batch_of_two() -> None:
    assert sorted((case.mode, len(case.inputs)) for case in CASES) == [(0, 1), (0, 1), (1, 1), (1, 1), (1, 2)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_key_pair_is_derived(case: Case) -> None:
    pair = voprf.derive_key_pair(case.seed, case.info, mode=Mode(case.mode))
    assert pair.secret == case.secret
    assert case.public_key in {pair.public_key, b""}
    assert second.derive_key_pair(case.seed, case.info, case.mode) == (pair.secret, pair.public_key)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_inputs_are_blinded(case: Case) -> None:
    for private_input, blind, element in zip(case.inputs, case.blinds, case.blinded, strict=True):
        assert voprf.blind_with(private_input, blind, mode=Mode(case.mode)).element == element
        assert second.blind(private_input, blind, case.mode) == element


@pytest.mark.parametrize("case", CASES, ids=str)
def test_elements_are_evaluated(case: Case) -> None:
    assert [group.multiply(case.secret, element) for element in case.blinded] == list(case.evaluated)
    assert second.evaluate(case.secret, case.blinded) == list(case.evaluated)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_outputs_are_finalised(case: Case) -> None:
    for private_input, blind, element, output in zip(
        case.inputs, case.blinds, case.evaluated, case.outputs, strict=True
    ):
        assert voprf.finalize(private_input, blind, element) == output
        assert second.finalize(private_input, blind, element) == output


@pytest.mark.parametrize("case", WITH_PROOF, ids=str)
def test_the_proof_under_the_published_nonce_is_the_published_proof(case: Case) -> None:
    weights = Weights(case.public_key)
    products = [
        group.multiply(weights.of(number, before, after), before)
        for number, (before, after) in enumerate(zip(case.blinded, case.evaluated, strict=True))
    ]
    before = products[0] if len(products) == 1 else group.add(*products)
    composites = Composites(before, group.multiply(case.secret, before))
    assert prove(case.secret, case.public_key, composites, nonce=case.nonce) == case.proof
    assert second.prove(case.secret, case.blinded, case.evaluated, case.nonce) == case.proof


@pytest.mark.parametrize("case", WITH_PROOF, ids=str)
def test_the_published_proof_holds_and_so_does_one_of_our_own(case: Case) -> None:
    voprf.verify(case.public_key, case.blinded, case.evaluated, case.proof)
    assert second.proves(case.public_key, case.blinded, case.evaluated, case.proof)
    evaluation = voprf.evaluate(case.secret, case.public_key, case.blinded)
    assert evaluation.elements == case.evaluated
    voprf.verify(case.public_key, case.blinded, evaluation.elements, evaluation.proof)


def test_the_vectors_kept_here_are_those_of_the_public_test_material(shared_data: Path) -> None:
    kept = json.loads(FILE.read_bytes())["modes"]
    public = json.loads((shared_data / "voprf" / "ristretto255-sha512.json").read_bytes())
    assert [_flat_kept(mode) for mode in kept] == [_flat_public(mode) for mode in public]


def _flat_kept(mode: dict) -> list:  # type: ignore[type-arg]
    names = ("input", "blind", "blinded_element", "evaluated_element", "output")
    return [
        *(mode.get(name) for name in ("mode", "seed", "info", "secret", "public_key")),
        *(
            [
                *(",".join(item[name] for item in case["items"]) for name in names),
                case.get("proof"),
                case.get("nonce"),
            ]
            for case in mode["cases"]
        ),
    ]


def _flat_public(mode: dict) -> list:  # type: ignore[type-arg]
    names = ("Input", "Blind", "BlindedElement", "EvaluationElement", "Output")
    return [
        *(mode.get(name) for name in ("mode", "seed", "keyInfo", "skSm", "pkSm")),
        *(
            [
                *(case[name] for name in names),
                case.get("Proof", {}).get("proof"),
                case.get("Proof", {}).get("r"),
            ]
            for case in mode["vectors"]
        ),
    ]
