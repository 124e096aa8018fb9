"""What must hold of a statement before it is written, by the convenant in force. Pure; paths are of the contract."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

from gateway.convenant.model import Convenant
from gateway.domain import ConsentEffect, ConsentFact, Oin, Partner, PartnerKind
from gateway.domain.consenting import end_fault
from gateway.errors import InvalidInput, NotPermitted, Violation


def check_recorder(convenant: Convenant, kind: PartnerKind, effect: ConsentEffect) -> None:
    """Return if this kind may record such a statement: consent where the convenant says so, an objection always.

    Raises:
        NotPermitted: MAY_NOT_RECORD_CONSENT.

    """
    if effect is ConsentEffect.PERMIT and kind not in convenant.consent_recorders:
        raise NotPermitted(
            "MAY_NOT_RECORD_CONSENT", "the convenant does not let this kind of partner record consent"
        )


def check_statement(
    fact: ConsentFact, convenant: Convenant, partners: Collection[Partner], *, today: date
) -> None:
    """Return if the statement can be true and speaks of what there is.

    Raises:
        InvalidInput: a violation for every field of the scope that breaks its rule.

    """
    broken = [*_scope_faults(fact, convenant, partners), *_day_faults(fact, today)]
    if broken:
        raise InvalidInput(broken)


def _scope_faults(
    fact: ConsentFact, convenant: Convenant, partners: Collection[Partner]
) -> Iterator[Violation]:
    kind_rule = "must be kinds of partners of the convenant"
    if not fact.holder_kinds <= convenant.kinds.keys():
        yield Violation("scope.holder_kinds", kind_rule)
    if not fact.asking_kinds <= convenant.kinds.keys():
        yield Violation("scope.asking_kinds", kind_rule)
    if not fact.purposes <= convenant.purposes.keys():
        yield Violation("scope.purposes", "must be purposes of the convenant")
    # A number that is mistyped, or of another kind, would silently narrow the statement to nobody.
    organisation_rule = "must be partners of this index, each of one of the kinds"
    if not fact.holders <= _organisations(partners, fact.holder_kinds):
        yield Violation("scope.holder_oins", organisation_rule)
    if not fact.askers <= _organisations(partners, fact.asking_kinds):
        yield Violation("scope.asking_oins", organisation_rule)


def _organisations(partners: Collection[Partner], kinds: Collection[PartnerKind]) -> set[Oin]:
    """Return the partners of these kinds; also those that are switched off, which may come back."""
    return {partner.oin for partner in partners if partner.kind in kinds}


def _day_faults(fact: ConsentFact, today: date) -> Iterator[Violation]:
    if fact.since > today:
        yield Violation("scope.since", "must not be in the future")
    fault = end_fault(fact)
    if fault is not None:
        yield Violation("scope.until", fault)
