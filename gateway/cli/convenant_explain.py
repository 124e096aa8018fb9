"""`verwijsindex convenant explain`: why something is shown or not, supposed or as it was asked."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.convenant_files import On, chosen_day, read_bytes
from gateway.cli.options import IndexConfig, Json, Reviewer
from gateway.cli.output import print_json
from gateway.errors import InvalidInput

if TYPE_CHECKING:
    from gateway.cli.supposing import Supposed


def explain(  # noqa: PLR0913 - its options
    file: Annotated[
        Path | None, typer.Argument(help="The convenant (YAML); not for a question that is on record.")
    ] = None,
    source: Annotated[str, typer.Option(help="Kind of partner whose involvement it is.")] = "",
    asking: Annotated[str, typer.Option(help="Kind of partner that asks.")] = "",
    purpose: Annotated[str, typer.Option(help="Purpose code of the convenant.")] = "",
    role: Annotated[
        str, typer.Option(help="Role of who asks; without it, the first of the kind in FILE.")
    ] = "",
    mandate: Annotated[str, typer.Option(help="Mandate of who asks; without it, the first in FILE.")] = "",
    secrecy: Annotated[str, typer.Option(help="Secrecy class of the involvement: N, R or V.")] = "N",
    on: On = None,
    record: Annotated[
        str,
        typer.Option(
            "--record", help="Explain this question of the access log, with --config and --reviewer."
        ),
    ] = "",
    reviewer: Reviewer = "",
    config: IndexConfig = None,
    *,
    own: Annotated[bool, typer.Option("--own", help="Who asks is involved itself.")] = False,
    consent: Annotated[bool, typer.Option("--consent", help="There is a consent that fits.")] = False,
    objection: Annotated[bool, typer.Option("--objection", help="There is an objection that fits.")] = False,
    shielded: Annotated[bool, typer.Option("--shielded", help="The involvement is shielded.")] = False,
    break_glass: Annotated[bool, typer.Option("--break-glass", help="An emergency was declared.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help="Also the rules about other kinds.")] = False,
    json: Json = False,
) -> None:
    """Explain in words what every rule does: for a supposed involvement, or for a question that is on record.

    With `--record` it shows what was recorded then, explains it under the convenant that decided, with the facts as
    the index has them now, and says where these differ. That the log was read, and by which officer, is put on record.
    """
    from gateway.cli.supposing import Supposed

    if record:
        if file is not None:
            raise InvalidInput.at("file", "leave it out: a question on record has its own convenant")
        _explain_recorded(config, record, reviewer, show_all=show_all, json=json)
        return
    if file is None:
        raise InvalidInput.at("file", "name the file of the convenant, or --record with --config")
    supposed = Supposed(
        source=source,
        asking=asking,
        purpose=purpose,
        role=role,
        mandate=mandate,
        secrecy=secrecy,
        own=own,
        consent=consent,
        objection=objection,
        shielded=shielded,
        break_glass=break_glass,
    )
    _explain_supposed(file, supposed, chosen_day(on), show_all=show_all, json=json)


def _explain_supposed(file: Path, supposed: Supposed, on: date, *, show_all: bool, json: bool) -> None:
    from gateway.cli.explanation_text import explanation_as_json, print_explanation
    from gateway.convenant.explaining import explain as explained
    from gateway.convenant.reading import read_convenant
    from gateway.convenant.yaml_text import read_yaml

    text = read_bytes(file)
    convenant = read_convenant(text)
    question, facts = supposed.completed(convenant, read_yaml(text).content).world(convenant, on)
    explanation = explained(convenant, question, facts, on=on)
    if json:
        print_json(explanation_as_json(explanation))
    else:
        print_explanation(explanation, convenant, show_all=show_all)


def _explain_recorded(
    config: Path | None, record_id: str, reviewer: str, *, show_all: bool, json: bool
) -> None:
    from gateway.audit.officers import officer_named
    from gateway.bootstrap import open_site
    from gateway.cli.convenant_recorded import Retold, print_retold, retell, retold_as_json
    from gateway.clock import now
    from gateway.settings import load_index_settings

    if not reviewer:
        raise InvalidInput.at("reviewer", "is required with --record: who reads the log goes on record")
    reader, settings = officer_named(reviewer), load_index_settings(config)

    async def read() -> Retold:
        async with open_site(settings) as site:
            return await retell(site.store, record_id, at=now(), reader=reader)

    retold = asyncio.run(read())
    if json:
        print_json(retold_as_json(retold))
    else:
        print_retold(retold, show_all=show_all)
