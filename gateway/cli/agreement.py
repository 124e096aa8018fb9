"""`verwijsindex convenant sign|revoke|lay-down|accept`: from a file to an agreement that is in force."""

from __future__ import annotations

import asyncio
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.convenant_files import File, read_bytes, read_file
from gateway.cli.options import DAY, DAY_FORMATS, IndexConfig, Json, PartnerConfig
from gateway.cli.output import print_json, print_line, progress_console
from gateway.domain.dutch import dutch_day
from gateway.errors import ConfigurationError, InvalidInput

if TYPE_CHECKING:
    from gateway.agreement.administration import Accepted
    from gateway.agreement.model import ActKind, ConvenantVersion
    from gateway.agreement.signing import Statement
    from gateway.convenant.model import Convenant
    from gateway.settings import IndexSettings, PartnerSettings

Out = Annotated[
    Path | None,
    typer.Option("--out", help="A new file for the signed document; without it, to standard output."),
]


def sign(file: File, config: PartnerConfig = None, out: Out = None, *, json: Json = False) -> None:
    """Sign the convenant in FILE for the partner, with its signing key; says on standard error what it signs.

    The signed document goes to the operator of the index, who takes it in with `convenant accept`.
    """
    from gateway.agreement.model import ActKind
    from gateway.settings import load_partner_settings

    settings = load_partner_settings(config)
    convenant = read_file(file)
    role = "verplichte ondertekenaar" if settings.oin in convenant.signatories else "treedt toe"
    lines = [*_described(convenant), f"Als:        {role}"]
    statement, document = make_document(settings, ActKind.SIGN, of=convenant)
    _hand_over(statement, document, lines, out=out, json=json)


def revoke(
    file: Annotated[Path | None, typer.Argument(help="The convenant (YAML).")] = None,
    content_hash: Annotated[
        str, typer.Option("--hash", help="Its content hash, in place of FILE: 64 hexadecimal digits.")
    ] = "",
    config: PartnerConfig = None,
    out: Out = None,
    *,
    json: Json = False,
) -> None:
    """Take the partner's signature back. Once accepted, a version ends for everybody if a signatory does so."""
    from gateway.agreement.model import ActKind
    from gateway.agreement.signing import parse_content_hash
    from gateway.settings import load_partner_settings

    if (file is None) == (not content_hash):
        raise InvalidInput.at("file", "name the file of the convenant, or its --hash")
    settings = load_partner_settings(config)
    of = parse_content_hash(content_hash, path="hash") if file is None else read_file(file)
    lines = [f"Inhoud:     sha256:{of}"] if isinstance(of, str) else _described(of)
    statement, document = make_document(settings, ActKind.REVOKE, of=of)
    _hand_over(statement, document, lines, out=out, json=json)


def lay_down(
    file: File,
    config: IndexConfig = None,
    starts: Annotated[
        datetime | None,
        typer.Option(
            formats=DAY_FORMATS,
            metavar=DAY,
            help="The day from which it can count; without it, the first that may be.",
        ),
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Keep the convenant in FILE at the index, to be signed. For the operator of the index."""
    from gateway.settings import load_index_settings

    day = None if starts is None else starts.date()
    version = asyncio.run(_lay_down(load_index_settings(config), read_bytes(file), day))
    convenant = version.convenant
    signatories = sorted(convenant.signatories)
    if json:
        print_json(
            {"convenant": convenant.identity, "starts": str(version.starts), "signatories": signatories}
        )
        return
    print_line(f"Neergelegd: {convenant.identity}")
    print_line(f"Gaat in op {dutch_day(version.starts)} of later, zodra deze organisaties hebben getekend:")
    for oin in signatories:
        print_line(f"  {oin}")


def accept(
    documents: Annotated[list[Path], typer.Argument(help="What partners signed with `sign` or `revoke`.")],
    config: IndexConfig = None,
    *,
    json: Json = False,
) -> None:
    """Check the signed documents and keep them, all or none. For the operator of the index."""
    from gateway.settings import load_index_settings

    signed = [read_bytes(path) for path in documents]
    accepted, in_force = asyncio.run(_accept(load_index_settings(config), signed))
    if json:
        print_json(
            {
                "accepted": [each.statement.fields() | {"new": each.is_new} for each in accepted],
                "in_force": in_force,
            }
        )
        return
    for each in accepted:
        said = each.statement.text if each.is_new else f"Was er al: {each.statement.text}"
        print_line(said)
    print_line(f"Van kracht: {in_force or 'geen convenant'}")


def make_document(
    settings: PartnerSettings, kind: ActKind, *, of: Convenant | str
) -> tuple[Statement, bytes]:
    """Return what the partner says now about a version, or about one of which only the content hash is known."""
    from gateway.agreement.signing import Statement, sign_document
    from gateway.clock import now
    from gateway.domain import Oin
    from gateway.keyfiles import load_signing_key
    from gateway.messages.signing import key_id

    name, version, content_hash = (
        ("", "", of) if isinstance(of, str) else (of.name, of.version, of.content_hash)
    )
    key = load_signing_key(settings.signing_key)
    statement = Statement(
        kind=kind,
        name=name,
        version=version,
        content_hash=content_hash,
        organisation=Oin(settings.oin),
        kid=key_id(key),
        signed_at=now(),
    )
    return statement, sign_document(statement, key)


async def _lay_down(settings: IndexSettings, content: bytes, starts: date | None) -> ConvenantVersion:
    from gateway.agreement.administration import Administration
    from gateway.bootstrap import open_site
    from gateway.clock import now

    async with open_site(settings) as site, site.store.transaction() as tx:
        return await Administration(tx.agreements, tx.audit, at=now()).lay_down(content, starts=starts)


async def _accept(settings: IndexSettings, documents: list[bytes]) -> tuple[list[Accepted], str | None]:
    from gateway.agreement.administration import Administration
    from gateway.bootstrap import open_site
    from gateway.clock import now

    async with open_site(settings) as site, site.store.transaction() as tx:
        partners = {partner.oin: partner for partner in await tx.partners.all()}
        administration = Administration(tx.agreements, tx.audit, at=now())
        accepted = await administration.accept(documents, partners)
        current = (await administration.standing()).in_force
    return list(accepted), None if current is None else current.version.convenant.identity


def _described(convenant: Convenant) -> list[str]:
    return [
        f"Convenant:  {convenant.name}, versie {convenant.version}",
        f"Geldig:     {dutch_day(convenant.valid_from)} tot en met {dutch_day(convenant.valid_until)}",
        f"Inhoud:     sha256:{convenant.content_hash}",
    ]


def _hand_over(
    statement: Statement, document: bytes, lines: list[str], *, out: Path | None, json: bool
) -> None:
    for line in (*lines, f"Sleutel:    {statement.kid}", statement.text):
        progress_console.print(line, soft_wrap=True)
    if out is None:
        sys.stdout.buffer.write(document)
        sys.stdout.buffer.flush()
        return
    _write_new(out, document)
    if json:
        print_json({"file": str(out)} | statement.fields())
    else:
        print_line(f"Het ondertekende document staat in {out}.")


def _write_new(path: Path, document: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(document)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from None
