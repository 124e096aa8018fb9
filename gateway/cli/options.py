"""Options that several commands take, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

IndexConfig = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="VERWIJSINDEX_CONFIG",
        help="The index's settings: a TOML file, or a folder with index.toml. Without it: VERWIJSINDEX_… only.",
    ),
]
PartnerConfig = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="VERWIJSINDEX_PARTNER_CONFIG",
        help="The partner's settings: a TOML file, or a folder with partner.toml.",
    ),
]
PseudonymServiceConfig = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="VERWIJSINDEX_PSEUDONYM_SERVICE_CONFIG",
        help="The custodian's settings: a TOML file, or a folder with pseudonym-service.toml.",
    ),
]
Acting = Annotated[
    str,
    typer.Option(
        "--professional", help="Who acts: the partner's own id of the person, if not [lookup] says."
    ),
]
ActingRole = Annotated[str, typer.Option("--role", help="Role code of the convenant.")]
ActingMandate = Annotated[str, typer.Option("--mandate", help="Mandate code of the convenant.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
After = Annotated[int, typer.Option(help="Only records with a higher number.")]
Limit = Annotated[int | None, typer.Option(help="At most so many; without it, all.")]
OnlyEvent = Annotated[str, typer.Option(help="Only this event, for instance lookup or evaluation.")]
DAY_FORMATS = ["%Y-%m-%d"]
DAY = "JJJJ-MM-DD"
"""How an option takes a day, and what its help says."""
Reviewer = Annotated[
    str,
    typer.Option(help="Who reads: the officer's own id, not a name. It goes on record.", show_default=False),
]
