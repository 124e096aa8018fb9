"""Whether what is in the store is still what organisations signed: every document again, against the directory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.agreement.administration import keys_of
from gateway.agreement.model import Act
from gateway.agreement.signing import read_document
from gateway.domain import Oin, Partner
from gateway.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Unproved:
    """An act whose document does not prove it, and which rule is broken."""

    act: Act
    rule: str


def unproved(acts: Sequence[Act], partners: Mapping[Oin, Partner]) -> tuple[Unproved, ...]:
    """Return the acts that the directory's keys do not prove, with the keys that counted when each was accepted.

    That does not end a version: a partner whose old key left the directory stays bound by what it signed. It is for
    somebody to look at, since whoever writes in the database could have written the act.
    """
    return tuple(_unproved(acts, partners))


def _unproved(acts: Sequence[Act], partners: Mapping[Oin, Partner]) -> Iterator[Unproved]:
    for act in acts:
        try:
            statement = read_document(act.document, find_key=keys_of(partners, act.at))
        except InvalidInput as error:
            yield Unproved(act, str(error))
            continue
        said = (statement.organisation, statement.content_hash, statement.kind, statement.kid)
        if said != (act.partner, act.content_hash, act.kind, act.kid):
            yield Unproved(act, "document: says something else than the act that is kept with it")
