"""From BSN to pseudonyms, at the partner: blind, have evaluated, verify, finalise (RFC 9497, section 3.3.2).

The service sees blinded elements only. Nothing of a person is kept beyond the call, on disk or in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence, Set
from contextlib import asynccontextmanager
from datetime import datetime

from gateway.clock import now
from gateway.domain import LARGEST_BATCH, MOST_EPOCHS, Bsn, Oin, Pseudonym, Subject
from gateway.errors import ConfigurationError, EpochRefused
from gateway.identities.channels import secure_channel
from gateway.pseudonyms import voprf
from gateway.pseudonyms.calls import EvaluationCalls
from gateway.pseudonyms.epochs import PublicEpoch
from gateway.pseudonyms.events import EPOCH_LEFT_OUT
from gateway.pseudonyms.pinned import PinnedFile
from gateway.pseudonyms.ports import Evaluation, EvaluationPurpose, Pseudonymiser
from gateway.pseudonyms.private_input import private_input, pseudonym_of
from gateway.settings import PseudonymSettings, TlsSettings

NOT_IN_USE = frozenset({"EPOCH_ENDED", "EPOCH_NOT_BEGUN"})
"""The service has the epoch and does not use it now: the pinned file is a little behind, or a clock is."""

_Inputs = Sequence[bytes]


class ServicePseudonymiser(Pseudonymiser):
    """Asks the pseudonym service under every pinned epoch that is current, and believes only what it proves."""

    def __init__(
        self, calls: EvaluationCalls, pinned: PinnedFile, *, clock: Callable[[], datetime] = now
    ) -> None:
        self._calls = calls
        self._pinned = pinned
        self._clock = clock
        self._told: set[int] = set()

    async def pseudonymise(self, persons: Sequence[Bsn], *, purpose: EvaluationPurpose) -> Sequence[Subject]:
        """Return one subject a BSN, in the same order, under every epoch that is current here and at the service.

        Persons go to the service in batches of at most 1,000; if one batch fails, nothing is returned.

        Raises:
            PseudonymsUnavailable: the service is away, for longer than the settings wait.
            QuotaExceeded: the quota is used up, for longer than the purpose waits.
            NotPermitted, Unauthenticated: the service does not serve this partner.
            ConfigurationError: the pinned keys cannot be used, or the service has none of their epochs in use.
            ProofRefused: what the service answered was not made with a pinned key.

        """
        subjects: list[Subject] = []
        for batch in _batches(persons):
            # Read for every batch: a file that is replaced during a long load counts from the next batch.
            subjects += await self._batch(batch, purpose)
        return subjects

    def current_epochs(self) -> Set[int]:
        """Return the pinned epochs that are current; ConfigurationError where the pinned keys cannot be used."""
        return {key.epoch for key in _current(self._pinned.keys().current(self._clock()))}

    async def check(self) -> None:
        """Return if the pinned keys can be used now; ConfigurationError otherwise. Asks the service nothing."""
        _current(self._pinned.keys().current(self._clock()))

    async def _batch(self, persons: Sequence[Bsn], purpose: EvaluationPurpose) -> list[Subject]:
        pinned = self._pinned.keys()
        columns: list[Sequence[Pseudonym]] = []
        for key in _current(pinned.current(self._clock())):
            try:
                columns.append(await self._under(key, persons, index=pinned.index, purpose=purpose))
            except EpochRefused as refusal:
                self._leave_out(key, refusal)
        if not columns:
            raise ConfigurationError(
                "pseudonyms.public_keys: the service uses none of the pinned epochs now; "
                "get the new file from its custodian"
            )
        return [Subject(*each) for each in zip(*columns, strict=True)]

    async def _under(
        self, key: PublicEpoch, persons: Sequence[Bsn], *, index: Oin, purpose: EvaluationPurpose
    ) -> Sequence[Pseudonym]:
        inputs = [private_input(person, index=index, epoch=key.epoch) for person in persons]
        # In threads: a full batch is a good deal of arithmetic, and the event loop serves others meanwhile.
        blinded = await asyncio.to_thread(_blind_all, inputs)
        elements = [each.element for each in blinded]
        answer = await self._calls.evaluate(elements, epoch=key.epoch, purpose=purpose)
        outputs = await asyncio.to_thread(_unblind_all, key.public_key, inputs, blinded, answer)
        return [pseudonym_of(output, epoch=key.epoch) for output in outputs]

    def _leave_out(self, key: PublicEpoch, refusal: EpochRefused) -> None:
        """Go on without an epoch that the service does not use now; one that it does not know is never passed by."""
        if refusal.reason not in NOT_IN_USE:
            raise ConfigurationError(
                f"pseudonyms.public_keys: the service refuses the pinned epoch {key.epoch} ({refusal.reason}); "
                "get the right file from its custodian"
            ) from None
        if key.epoch not in self._told:
            self._told.add(key.epoch)
            EPOCH_LEFT_OUT.emit(epoch=key.epoch, reason=refusal.reason)


@asynccontextmanager
async def open_pseudonymiser(
    settings: PseudonymSettings, tls: TlsSettings
) -> AsyncIterator[ServicePseudonymiser]:
    """Open the pseudonymiser of a partner's settings and close its connection at the end.

    The connection is made by the first call, with the partner's own certificate.

    Raises:
        ConfigurationError: the pinned keys, or certificate, key or CA, cannot be used.

    """
    pinned = PinnedFile(settings.public_keys)
    pinned.keys()
    channel = secure_channel(settings.address, tls, server_name=settings.server_name, now=now())
    async with channel:
        yield ServicePseudonymiser(EvaluationCalls(channel, settings), pinned)


def _current(keys: Sequence[PublicEpoch]) -> Sequence[PublicEpoch]:
    if not 1 <= len(keys) <= MOST_EPOCHS:
        raise ConfigurationError(
            f"pseudonyms.public_keys: must have 1 to {MOST_EPOCHS} epochs that are current, and has {len(keys)}"
        )
    return keys


def _batches(persons: Sequence[Bsn]) -> Iterator[Sequence[Bsn]]:
    for start in range(0, len(persons), LARGEST_BATCH):
        yield persons[start : start + LARGEST_BATCH]


def _blind_all(inputs: _Inputs) -> list[voprf.Blinded]:
    return [voprf.blind(each) for each in inputs]


def _unblind_all(
    public_key: bytes, inputs: _Inputs, blinded: Sequence[voprf.Blinded], answer: Evaluation
) -> list[bytes]:
    voprf.verify(public_key, [each.element for each in blinded], answer.elements, answer.proof)
    return [
        voprf.finalize(private, each.blind, element)
        for private, each, element in zip(inputs, blinded, answer.elements, strict=True)
    ]
