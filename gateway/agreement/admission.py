"""Who may ask at all: an organisation that is a partner, switched on, and bound by the convenant in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.agreement.reading import InForce
from gateway.domain import Oin, Partner, PartnerKind
from gateway.errors import NotPermitted, Unauthenticated


@dataclass(frozen=True, slots=True)
class Admitted:
    """A partner that may ask, and the convenant under which it asks."""

    partner: Partner
    agreement: InForce


def admit(caller: Partner | None, agreement: InForce | None) -> Admitted:
    """Return the caller as one that may ask; nothing that is refused here depends on any person.

    Raises:
        Unauthenticated: UNKNOWN_PARTNER.
        NotPermitted: PARTNER_INACTIVE, NO_CONVENANT or NOT_A_PARTY.

    """
    partner = active(caller)
    if agreement is None:
        raise NotPermitted("NO_CONVENANT", "no convenant is in force: nothing is shown to anybody")
    if partner.oin not in agreement.parties:
        raise NotPermitted("NOT_A_PARTY", "this partner has not signed the convenant that is in force")
    return Admitted(partner, agreement)


def active(caller: Partner | None) -> Partner:
    """Return the caller if it is a partner that is switched on.

    Raises:
        Unauthenticated: UNKNOWN_PARTNER.
        NotPermitted: PARTNER_INACTIVE.

    """
    if caller is None:
        raise Unauthenticated("UNKNOWN_PARTNER", "the client certificate names no partner of this index")
    if not caller.active:
        raise NotPermitted("PARTNER_INACTIVE", "this partner is switched off")
    return caller


def bound_kinds(partners: Iterable[Partner], agreement: InForce) -> Mapping[Oin, PartnerKind]:
    """Return the kinds of the partners whose involvements can be shown: switched on, and bound by the convenant."""
    return {
        partner.oin: partner.kind
        for partner in partners
        if partner.active and partner.oin in agreement.parties
    }
