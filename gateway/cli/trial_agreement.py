"""The convenant of a trial site: the example with the site's own organisations, laid down and signed by all of them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from gateway.agreement.administration import Administration
from gateway.agreement.model import ActKind
from gateway.bootstrap import open_site
from gateway.cli.agreement import make_document
from gateway.clock import now
from gateway.convenant.reading import read_convenant
from gateway.domain import Oin
from gateway.settings import IndexSettings, load_partner_settings

_SIGNATORIES = re.compile(r"^signatories:.*\n(?:[ \t-].*\n)*", re.MULTILINE)


def example_for(signatories: Sequence[Oin]) -> bytes:
    """Return the example convenant with these organisations as signatories; its comments stay."""
    example = files("gateway.convenant").joinpath("examples", "region.yaml").read_text("utf-8")
    listed = "signatories:\n" + "".join(f'  - "{oin}"\n' for oin in signatories)
    return _SIGNATORIES.sub(listed, example, count=1).encode("utf-8")


def agree(settings: IndexSettings, convenant: Path, partners: Sequence[Path]) -> None:
    """Lay the convenant down, have each partner sign it with its own settings and key, and accept what they signed."""
    content = convenant.read_bytes()
    read = read_convenant(content)
    documents = [make_document(load_partner_settings(home), ActKind.SIGN, of=read)[1] for home in partners]
    asyncio.run(_take_in(settings, content, documents))


async def _take_in(settings: IndexSettings, content: bytes, documents: Sequence[bytes]) -> None:
    async with open_site(settings) as site, site.store.transaction() as tx:
        administration = Administration(tx.agreements, tx.audit, at=now())
        await administration.lay_down(content)
        directory = {partner.oin: partner for partner in await tx.partners.all()}
        await administration.accept(documents, directory)
