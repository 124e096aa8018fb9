"""The convenant as a table for people: who sees whose involvement, for which purpose, on which ground."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date

from gateway.convenant.model import Convenant, Effect
from gateway.domain import SecrecyClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One cell of the matrix that a rule fills. `secrecy` are the classes it reaches, as `N R V`."""

    source: str
    asking: str
    purpose: str
    effect: str
    basis: str
    rule: str
    holds_today: bool
    roles: str
    secrecy: str
    without_own_involvement: bool
    verified: bool

    def as_json(self) -> dict[str, str | bool]:
        """Return the row as the JSON of `convenant show`."""
        return asdict(self)


def matrix(convenant: Convenant, *, on: date) -> tuple[Row, ...]:
    """Return a row for every source, asking kind and purpose that a rule names, by rule and then by name."""
    rows = []
    for rule in convenant.rules:
        holds = rule.basis.holds(on)
        ground = "verbod" if rule.effect is Effect.FORBID else str(rule.basis)
        rows += [
            Row(
                source=source,
                asking=asking,
                purpose=purpose,
                effect=rule.effect.value,
                basis=ground if holds else f"{ground} (geldt niet)",
                rule=rule.id,
                holds_today=holds and convenant.in_force(on),
                roles=", ".join(sorted(rule.roles)),
                secrecy=" ".join(secrecy for secrecy in SecrecyClass if secrecy in rule.secrecy),
                without_own_involvement=rule.without_own_involvement,
                verified=rule.verified,
            )
            for source in sorted(rule.sources)
            for asking in sorted(rule.asking)
            for purpose in sorted(rule.purposes)
        ]
    return tuple(rows)
