"""What a partner says and asks about consent, and what it gets back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from gateway.domain import ConsentFact, MessageId, Oin, Professional, Reference, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Consent or an objection to record: a `ConsentFact` that permits or objects, of the partner that calls.

    `message_id` (a UUID, lower case) is the caller's; the same for a repetition. The fact's person is sealed.
    """

    message_id: str
    fact: ConsentFact
    professional: Professional

    @property
    def message(self) -> MessageId:
        """The caller and its id."""
        return MessageId(self.fact.partner, self.message_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """One of the caller's own statements to withdraw, whatever it says. `message_id` is as in `Statement`."""

    caller: Oin
    message_id: str
    reference: Reference
    professional: Professional

    @property
    def message(self) -> MessageId:
        """The caller and its id."""
        return MessageId(self.caller, self.message_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnQuestion:
    """The question which statements the caller recorded itself about a person, who is sealed."""

    caller: Oin
    subject: Subject
    professional: Professional


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a statement or a withdrawal.

    `record_id` is the audit record, the same one for a repetition; a lookup that has reached `position` sees it.
    """

    record_id: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnConsents:
    """The caller's own statements, by reference; `day` is the one on which they count or do not."""

    consents: tuple[ConsentFact, ...]
    day: date
    record_id: str
    position: int
