"""`verwijsindex.v1.PartnerService`: the directory of the partners, a page a call."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import grpc
import orjson

from gateway.agreement.reading import AgreementReader
from gateway.clock import now
from gateway.convenant.model import KindTerms
from gateway.domain import Partner, PartnerKind, parse_code
from gateway.errors import InvalidInput
from gateway.index.ports import IndexStore
from gateway.rpc.answers import write_desk
from gateway.rpc.caller import caller_of, known_partner
from verwijsindex.v1 import partner_pb2, partner_pb2_grpc

DEFAULT_PAGE = 100
LARGEST_PAGE = 500
_LARGEST_TOKEN = 2048
"""Characters; a token holds one kind, name and OIN."""

_Place = tuple[str, str, str]
"""Where a partner stands in the directory: kind, name, OIN."""


class PartnerService(partner_pb2_grpc.PartnerServiceServicer):
    """Tells partners who the partners are."""

    def __init__(
        self, store: IndexStore, agreement: AgreementReader, *, clock: Callable[[], datetime] = now
    ) -> None:
        self._store = store
        self._agreement = agreement
        self._clock = clock

    async def ListPartners(  # noqa: N802 - the name of the method in the contract
        self, request: partner_pb2.ListPartnersRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> partner_pb2.ListPartnersResponse:
        """Return one page of the partners that are switched on, by kind, name and OIN."""
        caller = caller_of(context)
        async with self._store.transaction() as tx:
            await known_partner(tx.partners, caller)
            everyone = await tx.partners.all()
            in_force = await self._agreement.in_force(tx.agreements, self._clock())
        kinds = {} if in_force is None else in_force.engine.convenant.kinds
        kind = parse_code(request.kind, path="kind") if request.kind else None
        size = _page_size(request.page_size)
        after = _read_token(request.page_token)
        # Sorted here too: a database may sort names by another alphabet than the comparison with `after`.
        listed = sorted(
            (
                p
                for p in everyone
                if p.active and kind in {None, p.kind} and (after is None or _place(p) > after)
            ),
            key=_place,
        )
        page = listed[:size]
        token = _write_token(_place(page[-1])) if len(listed) > size else ""
        return partner_pb2.ListPartnersResponse(
            partners=[_write(partner, kinds) for partner in page], next_page_token=token
        )


def _write(partner: Partner, kinds: Mapping[PartnerKind, KindTerms]) -> partner_pb2.Partner:
    # Its code, where the version in force does not have the kind, or none is in force.
    terms = kinds.get(partner.kind)
    return partner_pb2.Partner(
        oin=partner.oin,
        kind=partner.kind,
        kind_name=partner.kind if terms is None else terms.label,
        name=partner.name,
        core_tasks=partner.core_tasks,
        desks=[write_desk(desk) for desk in partner.desks if desk.contact_via is None],
    )


def _place(partner: Partner) -> _Place:
    return (partner.kind, partner.name, partner.oin)


def _page_size(asked: int) -> int:
    if not 0 <= asked <= LARGEST_PAGE:
        raise InvalidInput.at("page_size", f"must be 1 to {LARGEST_PAGE}, or 0 for {DEFAULT_PAGE}")
    return asked or DEFAULT_PAGE


def _write_token(place: _Place) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode("ascii")


def _read_token(token: str) -> _Place | None:
    if not token:
        return None
    refused = InvalidInput.at("page_token", "must be empty or the next_page_token of the page before")
    if len(token) > _LARGEST_TOKEN:
        raise refused
    try:
        match orjson.loads(base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)):
            case [str(kind), str(name), str(oin)]:
                return (kind, name, oin)
    except (UnicodeEncodeError, binascii.Error, orjson.JSONDecodeError):
        pass
    raise refused
