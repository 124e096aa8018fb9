"""The partner's client against a real gRPC server: what it asks, what it believes, and when it gives up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest

from gateway.domain import Bsn
from gateway.errors import (
    ConfigurationError,
    NotPermitted,
    PseudonymsUnavailable,
    QuotaExceeded,
    StoreUnavailable,
    Unauthenticated,
    VerwijsindexError,
)
from gateway.identities.channels import secure_channel
from gateway.pseudonyms import voprf
from gateway.pseudonyms.calls import EvaluationCalls, Pauses
from gateway.pseudonyms.client import ServicePseudonymiser, open_pseudonymiser
from gateway.pseudonyms.epochs import PublicEpoch
from gateway.pseudonyms.pinned import PinnedFile
from gateway.pseudonyms.ports import EvaluationPurpose
from gateway.pseudonyms.voprf import ProofRefused
from tests.support.scripted_pseudonyms import (
    BEGAN,
    PseudonymSite,
    Tamper,
    key_of,
    subject_of,
)
from verwijsindex.v1 import pseudonym_pb2

REGISTRATION, LOOKUP = EvaluationPurpose.REGISTRATION, EvaluationPurpose.LOOKUP
PERSONS = [Bsn(digits) for digits in ("999993653", "999911120", "999990019", "111222333", "123456782")]
ONE = PERSONS[:1]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[PseudonymSite]:
    async with PseudonymSite(tmp_path).serving() as running:
        yield running


@asynccontextmanager
async def client(
    site: PseudonymSite, pauses: list[float] | None = None, *, deadline_seconds: float = 30.0, **retry: float
) -> AsyncIterator[ServicePseudonymiser]:
    """Open a client whose pauses are written down and take no time."""
    written = [] if pauses is None else pauses

    async def pause(seconds: float) -> None:
        written.append(seconds)

    settings = site.settings(deadline_seconds=deadline_seconds, **retry)
    channel = secure_channel(settings.address, site.tls, server_name=None, now=datetime.now(UTC))
    async with channel:
        calls = EvaluationCalls(channel, settings, pauses=Pauses(pause=pause, jitter=lambda: 0.0))
        yield ServicePseudonymiser(calls, PinnedFile(site.pinned_file))


def synthetic_bsns(count: int) -> list[Bsn]:
    """Return the first BSNs of nine digits beginning with 9999 that pass the 11-test."""
    found: list[Bsn] = []
    number = 999_900_000
    while len(found) < count:
        digits = str(number)
        weighted = sum(w * int(d) for w, d in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), digits, strict=True))
        if weighted % 11 == 0:
            found.append(Bsn(digits))
        number += 1
    return found


async def test_each_person_gets_the_pseudonym_of_the_epochs_key_in_the_order_asked(
    site: PseudonymSite,
) -> None:
    async with open_pseudonymiser(site.settings(), site.tls) as pseudonymiser:
        subjects = await pseudonymiser.pseudonymise(PERSONS, purpose=REGISTRATION)
    assert list(subjects) == [subject_of(person, 1) for person in PERSONS]


async def test_under_two_current_epochs_a_person_has_both_pseudonyms(site: PseudonymSite) -> None:
    site.pin(1, 2)
    async with client(site) as pseudonymiser:
        subjects = await pseudonymiser.pseudonymise(PERSONS, purpose=LOOKUP)
    assert subjects == [subject_of(person, 1, 2) for person in PERSONS]
    assert [call.epoch for call in site.service.calls] == [1, 2]


async def test_an_epoch_that_is_pinned_for_later_or_was_ended_is_not_asked(site: PseudonymSite) -> None:
    now = datetime.now(UTC)
    site.pin_keys(
        PublicEpoch(
            epoch=1,
            public_key=key_of(1).public_key,
            valid_from=BEGAN,
            valid_until=now - timedelta(hours=1),
        ),
        PublicEpoch(epoch=2, public_key=key_of(2).public_key, valid_from=BEGAN + timedelta(days=1)),
        PublicEpoch(epoch=3, public_key=key_of(3).public_key, valid_from=now + timedelta(days=1)),
    )
    async with client(site) as pseudonymiser:
        assert await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP) == [subject_of(ONE[0], 2)]
    assert [call.epoch for call in site.service.calls] == [2]


async def test_many_persons_go_in_batches_of_at_most_a_thousand(site: PseudonymSite) -> None:
    persons = synthetic_bsns(2500)
    async with client(site) as pseudonymiser:
        subjects = await pseudonymiser.pseudonymise(persons, purpose=REGISTRATION)
    assert [len(call.blinded_elements) for call in site.service.calls] == [1000, 1000, 500]
    assert len(set(subjects)) == 2500
    for place in (0, 999, 1000, 1999, 2000, 2499):
        assert subjects[place] == subject_of(persons[place], 1)


async def test_for_nobody_the_service_is_not_asked(site: PseudonymSite) -> None:
    async with client(site) as pseudonymiser:
        assert await pseudonymiser.pseudonymise([], purpose=REGISTRATION) == []
    assert site.service.calls == []


async def test_the_service_is_told_the_purpose_and_sees_other_elements_every_time(
    site: PseudonymSite,
) -> None:
    async with client(site) as pseudonymiser:
        await pseudonymiser.pseudonymise([*ONE, *ONE], purpose=REGISTRATION)
        await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP)
    assert [call.purpose for call in site.service.calls] == [
        pseudonym_pb2.EVALUATION_PURPOSE_REGISTRATION,
        pseudonym_pb2.EVALUATION_PURPOSE_LOOKUP,
    ]
    elements = [element for call in site.service.calls for element in call.blinded_elements]
    assert len(elements) == len(set(elements)) == 3
    sent = b"".join(call.SerializeToString() for call in site.service.calls)
    assert ONE[0].reveal().encode() not in sent


async def test_nothing_is_left_on_disk(site: PseudonymSite) -> None:
    before = {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}
    async with client(site) as pseudonymiser:
        await pseudonymiser.pseudonymise(PERSONS, purpose=REGISTRATION)
    assert before == {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}


def _other_proof(_: pseudonym_pb2.EvaluateRequest, answer: pseudonym_pb2.EvaluateResponse) -> None:
    answer.proof = answer.proof[:-1] + bytes([answer.proof[-1] ^ 1])


def _short_proof(_: pseudonym_pb2.EvaluateRequest, answer: pseudonym_pb2.EvaluateResponse) -> None:
    answer.proof = answer.proof[:-1]


def _no_proof(_: pseudonym_pb2.EvaluateRequest, answer: pseudonym_pb2.EvaluateResponse) -> None:
    answer.ClearField("proof")


def _other_key(request: pseudonym_pb2.EvaluateRequest, answer: pseudonym_pb2.EvaluateResponse) -> None:
    other = key_of(request.epoch, seed=2)
    made = voprf.evaluate(other.secret, other.public_key, list(request.blinded_elements))
    del answer.evaluated_elements[:]
    answer.evaluated_elements.extend(made.elements)
    answer.proof = made.proof


def _other_key_for_one(
    request: pseudonym_pb2.EvaluateRequest, answer: pseudonym_pb2.EvaluateResponse
) -> None:
    other = key_of(request.epoch, seed=2)
    [last] = voprf.evaluate(other.secret, other.public_key, [request.blinded_elements[-1]]).elements
    answer.evaluated_elements[-1] = last


def _swapped(_: pseudonym_pb2.EvaluateRequest, answer: pseudonym_pb2.EvaluateResponse) -> None:
    first, second, *rest = answer.evaluated_elements
    del answer.evaluated_elements[:]
    answer.evaluated_elements.extend([second, first, *rest])


def _one_too_few(_: pseudonym_pb2.EvaluateRequest, answer: pseudonym_pb2.EvaluateResponse) -> None:
    del answer.evaluated_elements[-1]


def _one_too_many(_: pseudonym_pb2.EvaluateRequest, answer: pseudonym_pb2.EvaluateResponse) -> None:
    answer.evaluated_elements.append(answer.evaluated_elements[0])


def _no_element(_: pseudonym_pb2.EvaluateRequest, answer: pseudonym_pb2.EvaluateResponse) -> None:
    answer.evaluated_elements[1] = b"\xff" * 32


def _identity(_: pseudonym_pb2.EvaluateRequest, answer: pseudonym_pb2.EvaluateResponse) -> None:
    answer.evaluated_elements[1] = bytes(32)


def _short_element(_: pseudonym_pb2.EvaluateRequest, answer: pseudonym_pb2.EvaluateResponse) -> None:
    answer.evaluated_elements[1] = answer.evaluated_elements[1][:31]


@pytest.mark.parametrize(
    "tamper",
    [
        _other_proof, _short_proof, _no_proof, _other_key, _other_key_for_one, _swapped, _one_too_few,
        _one_too_many, _no_element, _identity, _short_element,
    ],
)  # fmt: skip
async def test_an_answer_that_the_pinned_key_does_not_prove_is_refused_whole_and_not_asked_again(
    site: PseudonymSite, tamper: Tamper
) -> None:
    site.service.tamper = tamper
    pauses: list[float] = []
    async with client(site, pauses) as pseudonymiser:
        with pytest.raises(ProofRefused) as caught:
            await pseudonymiser.pseudonymise(PERSONS, purpose=REGISTRATION)
    assert (len(site.service.calls), pauses) == (1, [])
    assert not any(person.reveal() in str(caught.value) for person in PERSONS)


async def test_a_key_that_was_pinned_wrong_is_noticed_at_the_first_answer(site: PseudonymSite) -> None:
    site.pin_keys(PublicEpoch(epoch=1, public_key=key_of(1, seed=9).public_key, valid_from=BEGAN))
    async with client(site) as pseudonymiser:
        with pytest.raises(ProofRefused):
            await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP)


async def test_when_one_of_two_epochs_is_not_proved_nothing_is_returned(site: PseudonymSite) -> None:
    site.pin(1, 2)
    site.service.keys[2] = key_of(2, seed=2)
    async with client(site) as pseudonymiser:
        with pytest.raises(ProofRefused):
            await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP)


async def test_a_pinned_epoch_that_the_service_does_not_know_is_refused(site: PseudonymSite) -> None:
    site.pin(1, 2)
    del site.service.keys[2]
    async with client(site) as pseudonymiser:
        with pytest.raises(ConfigurationError, match=r"epoch 2 \(EPOCH_UNKNOWN\)"):
            await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP)


@pytest.mark.parametrize(("epoch", "reason", "other"), [(1, "EPOCH_ENDED", 2), (2, "EPOCH_NOT_BEGUN", 1)])
async def test_an_epoch_that_the_service_does_not_use_now_is_left_out_and_told_once(
    site: PseudonymSite, capsys: pytest.CaptureFixture[str], *, epoch: int, reason: str, other: int
) -> None:
    site.pin(1, 2)
    site.service.not_in_use[epoch] = reason
    async with client(site) as pseudonymiser:
        for _ in range(2):
            assert await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP) == [subject_of(ONE[0], other)]
    told = capsys.readouterr().err
    assert told.count("pseudonyms.epoch-left-out") == 1
    assert f'"reason": "{reason}"' in told


async def test_without_any_epoch_in_use_there_is_no_pseudonym(site: PseudonymSite) -> None:
    site.pin(1)
    site.service.not_in_use[1] = "EPOCH_ENDED"
    async with client(site) as pseudonymiser:
        with pytest.raises(ConfigurationError, match="none of the pinned epochs"):
            await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP)


async def test_where_no_pinned_epoch_is_current_the_service_is_not_asked(site: PseudonymSite) -> None:
    site.pin(1, until=datetime.now(UTC) - timedelta(days=1))
    async with client(site) as pseudonymiser:
        with pytest.raises(ConfigurationError, match="epochs that are current, and has 0"):
            await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP)
        with pytest.raises(ConfigurationError, match="epochs that are current, and has 0"):
            await pseudonymiser.check()
    assert site.service.calls == []


async def test_pinned_keys_that_are_replaced_count_from_the_next_call(site: PseudonymSite) -> None:
    async with client(site) as pseudonymiser:
        assert await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP) == [subject_of(ONE[0], 1)]
        site.pin(1, 2)
        assert await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP) == [subject_of(ONE[0], 1, 2)]
        site.pinned_file.unlink()
        with pytest.raises(ConfigurationError, match="cannot read the pinned public keys"):
            await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP)


async def test_without_pinned_keys_the_client_does_not_open(site: PseudonymSite) -> None:
    site.pinned_file.unlink()
    with pytest.raises(ConfigurationError, match="pinned public keys"):
        async with open_pseudonymiser(site.settings(), site.tls):
            pytest.fail("it opened")


async def test_a_service_that_was_away_is_asked_again_when_it_is_back(tmp_path: Path) -> None:
    site = PseudonymSite(tmp_path)
    async with site.serving():
        pass  # From here on the port is known and nothing answers on it.
    settings = site.settings()
    pauses: list[float] = []
    async with AsyncExitStack() as stack:
        channel = secure_channel(settings.address, site.tls, server_name=None, now=datetime.now(UTC))
        await stack.enter_async_context(channel)

        async def come_back(seconds: float) -> None:
            pauses.append(seconds)
            await stack.enter_async_context(site.serving())
            await channel.channel_ready()

        calls = EvaluationCalls(channel, settings, pauses=Pauses(pause=come_back, jitter=lambda: 0.0))
        pseudonymiser = ServicePseudonymiser(calls, PinnedFile(site.pinned_file))
        assert await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP) == [subject_of(ONE[0], 1)]
    assert len(pauses) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        StoreUnavailable("away"),
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    ],
)
async def test_a_service_that_stays_away_is_given_up_after_the_attempts_of_the_settings(
    site: PseudonymSite, trouble: VerwijsindexError | grpc.StatusCode
) -> None:
    site.service.troubles = [trouble] * 10
    pauses: list[float] = []
    async with client(site, pauses, attempts=4) as pseudonymiser:
        with pytest.raises(PseudonymsUnavailable) as caught:
            await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP)
    assert (len(site.service.calls), len(pauses)) == (4, 3)
    assert pauses == sorted(pauses)
    assert "PLANTED" not in str(caught.value)


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.UNIMPLEMENTED])
async def test_a_service_that_fails_is_not_asked_again(site: PseudonymSite, code: grpc.StatusCode) -> None:
    site.service.troubles = [code]
    async with client(site) as pseudonymiser:
        with pytest.raises(PseudonymsUnavailable, match=code.name):
            await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP)
    assert len(site.service.calls) == 1


async def test_a_service_that_does_not_answer_is_left_at_the_deadline(site: PseudonymSite) -> None:
    site.service.hangs = True
    async with client(site, deadline_seconds=0.2, attempts=2) as pseudonymiser:
        with pytest.raises(PseudonymsUnavailable, match="DEADLINE_EXCEEDED"):
            await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP)


async def test_a_registration_waits_as_long_as_the_service_says_and_goes_on(site: PseudonymSite) -> None:
    site.service.troubles = [QuotaExceeded("full", retry_after_seconds=18.0)]
    pauses: list[float] = []
    async with client(site, pauses) as pseudonymiser:
        assert await pseudonymiser.pseudonymise(ONE, purpose=REGISTRATION) == [subject_of(ONE[0], 1)]
    assert pauses == [18.0]


@pytest.mark.parametrize(("purpose", "advised"), [(LOOKUP, 0.5), (LOOKUP, 18.0), (REGISTRATION, 301.0)])
async def test_a_quota_that_the_purpose_does_not_wait_for_is_told_with_the_time_to_come_back(
    site: PseudonymSite, purpose: EvaluationPurpose, advised: float
) -> None:
    site.service.troubles = [QuotaExceeded("full", retry_after_seconds=advised)]
    async with client(site) as pseudonymiser:
        with pytest.raises(QuotaExceeded) as caught:
            await pseudonymiser.pseudonymise(ONE, purpose=purpose)
    assert caught.value.retry_after_seconds == advised
    assert len(site.service.calls) == 1


@pytest.mark.parametrize("kind", [NotPermitted, Unauthenticated])
async def test_a_partner_that_is_refused_hears_the_reason_and_none_of_the_services_text(
    site: PseudonymSite, kind: type[NotPermitted] | type[Unauthenticated]
) -> None:
    site.service.troubles = [kind("NOT_LISTED", "PLANTED")]
    async with client(site) as pseudonymiser:
        with pytest.raises(kind) as caught:
            await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP)
    assert caught.value.reason == "NOT_LISTED"
    assert "PLANTED" not in str(caught.value)
    assert len(site.service.calls) == 1


async def test_a_batch_that_fails_leaves_nothing_of_the_batches_before_it(site: PseudonymSite) -> None:
    persons = synthetic_bsns(1001)

    def second_batch(request: pseudonym_pb2.EvaluateRequest, answer: pseudonym_pb2.EvaluateResponse) -> None:
        if len(request.blinded_elements) == 1:
            _other_proof(request, answer)

    site.service.tamper = second_batch
    async with client(site) as pseudonymiser:
        with pytest.raises(ProofRefused):
            await pseudonymiser.pseudonymise(persons, purpose=REGISTRATION)
    assert len(site.service.calls) == 2


async def test_a_service_with_a_certificate_of_another_ca_is_told_nothing(
    site: PseudonymSite, tmp_path: Path
) -> None:
    other = PseudonymSite(tmp_path / "other")
    tls = site.tls.model_copy(update={"trusted_ca": other.ca.certificate_path})
    async with open_pseudonymiser(site.settings(attempts=1), tls) as pseudonymiser:
        with pytest.raises(PseudonymsUnavailable):
            await pseudonymiser.pseudonymise(ONE, purpose=LOOKUP)
    assert site.service.calls == []
