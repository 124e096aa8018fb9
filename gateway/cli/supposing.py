"""A supposed question about a supposed involvement, to see what a convenant would do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from gateway.convenant.model import Convenant
from gateway.convenant.question import Question
from gateway.domain import (
    PSEUDONYM_BYTES,
    ConsentEffect,
    ConsentFact,
    Decider,
    HouseholdFacts,
    InvolvementFact,
    Oin,
    PartnerKind,
    Phase,
    Pseudonym,
    Reference,
    SecrecyClass,
    Subject,
)
from gateway.errors import InvalidInput

_ASKER, _HOLDER, _RECORDER = (Oin(f"{number:020}") for number in (1, 2, 3))
_SOMEBODY = Subject(Pseudonym(bytes(PSEUDONYM_BYTES), epoch=1))
"""Nobody: no pseudonym that was ever made is all zeros."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed:
    """What is supposed, by the codes of the convenant."""

    source: str
    asking: str
    purpose: str
    role: str = ""
    mandate: str = ""
    secrecy: str = "N"
    own: bool = False
    consent: bool = False
    objection: bool = False
    shielded: bool = False
    break_glass: bool = False

    def completed(self, convenant: Convenant, content: Mapping[str, Any]) -> Supposed:
        """Return it with every code known to the convenant; a role or mandate left out is the first in its file.

        `content` is the file's own content: of what the convenant keeps as sets, only that has the order.

        Raises:
            InvalidInput: a code is left out that has no first, or one that the convenant does not have.

        """
        for name, known, what in (
            ("source", convenant.kinds, "kind of partner"),
            ("asking", convenant.kinds, "kind of partner"),
            ("purpose", convenant.purposes, "purpose"),
        ):
            _check(name, getattr(self, name), known, what)
        whole = replace(
            self,
            role=self.role or content["kinds"][self.asking]["roles"][0],
            mandate=self.mandate or content["mandates"][0],
        )
        _check("role", whole.role, convenant.kinds[PartnerKind(self.asking)].roles, "role for who asks")
        _check("mandate", whole.mandate, convenant.mandates, "mandate")
        _check("secrecy", self.secrecy, [each.value for each in SecrecyClass], "secrecy class")
        return whole

    def world(self, convenant: Convenant, on: date) -> tuple[Question, HouseholdFacts]:
        """Return the question and the facts of what was `completed`."""
        source, asking = PartnerKind(self.source), PartnerKind(self.asking)
        question = Question(
            asker=_ASKER,
            asker_kind=asking,
            role=self.role,
            mandate=self.mandate,
            purpose=self.purpose,
            subject=_SOMEBODY,
            break_glass=self.break_glass,
        )
        held = _involvement(_HOLDER, on, secrecy=SecrecyClass(self.secrecy), shielded=self.shielded)
        involvements = [held]
        if self.own:
            involvements.append(_involvement(_ASKER, on))
        recorder = min(convenant.consent_recorders, default=source)
        facts = HouseholdFacts(
            subject=_SOMEBODY,
            members=frozenset({_SOMEBODY}),
            involvements=tuple(involvements),
            consents=tuple(self._statements(source, asking, on)),
            kinds={_ASKER: asking, _HOLDER: source, _RECORDER: recorder},
        )
        return question, facts

    def _statements(self, source: PartnerKind, asking: PartnerKind, on: date) -> Iterable[ConsentFact]:
        for is_there, effect, reference in (
            (self.consent, ConsentEffect.PERMIT, "verondersteld-1"),
            (self.objection, ConsentEffect.OBJECT, "verondersteld-2"),
        ):
            if is_there:
                yield ConsentFact(
                    partner=_RECORDER,
                    reference=Reference(reference),
                    subject=_SOMEBODY,
                    effect=effect,
                    decided_by=Decider.SUBJECT,
                    holder_kinds=frozenset({source}),
                    asking_kinds=frozenset({asking}),
                    purposes=frozenset({self.purpose}),
                    since=on,
                )


def _involvement(
    holder: Oin, on: date, *, secrecy: SecrecyClass = SecrecyClass.NORMAL, shielded: bool = False
) -> InvolvementFact:
    return InvolvementFact(
        partner=holder,
        reference=Reference("verondersteld"),
        subject=_SOMEBODY,
        phase=Phase.ACTIVE,
        since=on,
        desk="verondersteld",
        secrecy=secrecy,
        shielded=shielded,
    )


def _check(name: str, code: str, known: Iterable[str], what: str) -> None:
    if not code:
        raise InvalidInput.at(name, f"is required: name a {what}, with --{name}")
    if code not in known:
        raise InvalidInput.at(name, f"the convenant does not have this {what}")
