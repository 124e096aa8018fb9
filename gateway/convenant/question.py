"""The question a decision answers, and the decision."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain import ConsentFact, InvolvementFact, Oin, PartnerKind, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Who asks about whom, in which role, with which mandate, for which purpose.

    `break_glass`: the question names a declaration of an emergency that holds for it.
    """

    asker: Oin
    asker_kind: PartnerKind
    role: str
    mandate: str
    purpose: str
    subject: Subject
    break_glass: bool = False


class Builtin(StrEnum):
    """Deciding reasons that stand outside the rules of any convenant; all but BREAK_GLASS withhold."""

    OWN = "own-involvement"
    """The asker's own: left out of the answer, because the asker knows it."""
    NO_RULE = "no-rule"
    """No rule permits it: deny by default."""
    NO_CONSENT = "no-consent"
    """A rule would permit it on consent, and there is none that fits."""
    OBJECTION = "objection"
    """An objection that fits stands, and no consent is more specific than it."""
    SHIELDED = "shielded"
    SECRECY = "secrecy-class"
    """The permitting rule does not reach this secrecy class."""
    UNKNOWN_PARTNER = "unknown-partner"
    """The holder is not, or no longer, a partner."""
    NO_OWN_INVOLVEMENT = "no-own-involvement"
    """The asker is not involved with the household and no rule lets it ask without."""
    BREAK_GLASS = "break-glass"
    """The terms for emergencies, under a declaration that the question names. The only one that shows."""
    NOT_IN_FORCE = "convenant-not-in-force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was decided about one involvement, by which rule (a rule id or a Builtin), on which ground.

    `consent` is the statement that decided, where one did: the consent that shows it, or the objection.
    """

    involvement: InvolvementFact
    shown: bool
    rule: str
    basis: str = ""
    consent: ConsentFact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdicts, one an involvement and in the order of the facts.

    `withheld_whole` is set where nothing may be shown whatever the facts say; the answer is then the empty
    answer. `convenant` is name, version and content hash of the convenant that decided.
    """

    verdicts: tuple[Verdict, ...]
    withheld_whole: Builtin | None
    convenant: str

    @property
    def shown(self) -> tuple[InvolvementFact, ...]:
        """The involvements that may be shown."""
        return tuple(verdict.involvement for verdict in self.verdicts if verdict.shown)
