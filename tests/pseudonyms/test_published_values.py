"""The values that `docs/pseudonyms.md` publishes for other implementations, computed again by both of ours."""

from __future__ import annotations

import re

import pytest

from gateway.domain import Bsn, Oin
from gateway.pseudonyms import voprf
from gateway.pseudonyms.private_input import context, private_input, pseudonym_of
from tests.docs.pages import page
from tests.pseudonyms import second_voprf as second

PAGE = page("docs/pseudonyms.md")
INDEX = Oin("00000099000000000001")
EPOCH = 1
PERSONS = ("999993653", "111222333", "123456782")
BATCH = "The three as one batch"

Values = dict[str, bytes]


def values(heading: str) -> Values:
    """Return the table under a heading: what stands in its first column, to the bytes in its second."""
    [section] = re.findall(rf"^### {heading}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| ([^|]+) \| `([0-9a-f]+)` \|$", section, re.MULTILINE)
    return {name: bytes.fromhex(digits) for name, digits in rows}


KEY = values("Key")


def of_persons(name: str) -> list[bytes]:
    return [values(f"BSN {person}")[name] for person in PERSONS]


def test_the_key_follows_from_the_seed_and_the_context() -> None:
    label = context(index=INDEX, epoch=EPOCH)
    pair = voprf.derive_key_pair(KEY["seed"], label)
    assert {
        "seed": KEY["seed"],
        "context": label,
        "secret key": pair.secret,
        "public key": pair.public_key,
    } == KEY
    assert second.derive_key_pair(KEY["seed"], label) == (pair.secret, pair.public_key)


@pytest.mark.parametrize("person", PERSONS)
def test_the_values_of_each_person_are_computed_by_both_implementations(person: str) -> None:
    found = values(f"BSN {person}")
    blind, nonce, label = found["blind"], found["nonce of the proof"], found["private input"]
    blinded = voprf.blind_with(label, blind).element
    [evaluated] = voprf.evaluate(KEY["secret key"], KEY["public key"], [blinded]).elements
    output = voprf.finalize(label, blind, evaluated)
    assert found == {
        "private input": private_input(Bsn(person), index=INDEX, epoch=EPOCH),
        "blind": blind,
        "blinded element": blinded,
        "evaluated element": evaluated,
        "nonce of the proof": nonce,
        "proof": second.prove(KEY["secret key"], [blinded], [evaluated], nonce),
        "output": output,
        "pseudonym": pseudonym_of(output, epoch=EPOCH).reveal(),
    }
    voprf.verify(KEY["public key"], [blinded], [evaluated], found["proof"])
    assert second.blind(label, blind) == blinded
    assert second.evaluate(KEY["secret key"], [blinded]) == [evaluated]
    assert second.finalize(label, blind, evaluated) == output


def test_the_proof_of_the_batch_is_for_the_three_in_their_order() -> None:
    blinded, evaluated = of_persons("blinded element"), of_persons("evaluated element")
    batch = values(BATCH)
    assert batch["proof"] == second.prove(KEY["secret key"], blinded, evaluated, batch["nonce of the proof"])
    voprf.verify(KEY["public key"], blinded, evaluated, batch["proof"])
    with pytest.raises(voprf.ProofRefused):
        voprf.verify(KEY["public key"], blinded[::-1], evaluated[::-1], batch["proof"])


def test_the_page_names_the_index_the_epoch_and_the_context_it_is_about() -> None:
    assert f"Index `{INDEX}`, epoch {EPOCH}." in PAGE
    assert KEY["context"].startswith(b"verwijsindex:v1:")
    assert 'context       = "verwijsindex:v1:"' in PAGE
