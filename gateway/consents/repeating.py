"""Calls that come twice: the same call changes nothing the second time, and no id stands for two calls."""

from __future__ import annotations

import hashlib
import uuid

import orjson

from gateway.domain import ConsentFact, MessageId
from gateway.errors import InvalidInput
from gateway.index.ports import Facts

_NAMESPACE = uuid.UUID("5f3f0f0e-2b0b-5d55-9c7f-0a6f1c3f7b52")


def digest_of(statement: ConsentFact) -> str:
    """Return what tells two statements apart: a digest over all that one says, its person sealed."""
    return _digest(
        [
            statement.reference,
            [pseudonym.text() for pseudonym in statement.subject.pseudonyms],
            statement.effect.value,
            statement.decided_by.value,
            *(
                sorted(scope)
                for scope in (
                    statement.holder_kinds,
                    statement.asking_kinds,
                    statement.purposes,
                    statement.holders,
                    statement.askers,
                )
            ),
            statement.since,
            statement.until,
        ]
    )


def digest_of_withdrawal(reference: str) -> str:
    """Return the same for the withdrawal of what stands under a reference."""
    return _digest(["withdrawal", reference])


async def is_first(facts: Facts, message: MessageId, digest: str) -> bool:
    """Take the call's id, and tell whether nobody had it: False for a repetition of the same call.

    Raises:
        InvalidInput: at `message_id`, which the caller used for another call or message; nothing may be written.

    """
    content = MessageId(message.source, f"{message.id}#{digest}")
    fresh = await facts.claim([message, content])
    if content in fresh and message not in fresh:
        # To take it for a repetition would leave out what it says, such as a withdrawal, without a word.
        raise InvalidInput.at("message_id", "must not be the id of another call or message of the caller")
    return bool(fresh)


def record_id_of(message: MessageId, digest: str) -> str:
    """Return the id of the audit record of a call: the same for a repetition, which has none of its own."""
    return str(uuid.uuid5(_NAMESPACE, f"{message.source}/{message.id}/{digest}"))


def _digest(content: list[object]) -> str:
    return hashlib.sha256(orjson.dumps(content)).hexdigest()[:32]
