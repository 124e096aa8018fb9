"""How a run looks to a person: a progress line while it runs, and its report in Dutch."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from adapters.kit.manifest import Manifest
from adapters.kit.notices import KeptNotice
from adapters.kit.report import Report
from adapters.kit.run import Progress
from gateway.clock import dutch_time
from gateway.messages.notices import NoticeEvent

MOST_DETAILS = 50
"""Longer lists do not fit a screen; `--json` gives them whole."""

_NAMES = {
    "read": "gelezen",
    "sent": "verstuurd",
    "unchanged": "ongewijzigd",
    "without_bsn": "zonder BSN",
    "rejected": "afgewezen",
    "left_out": "niet geregistreerd",
    "messages": "berichten",
    "quarantined": "bestanden in quarantaine",
}
_RECEIPTS = {
    "accepted": "aanvaard",
    "superseded": "achterhaald",
    "refused": "geweigerd",
    "awaiting": "nog zonder ontvangstbewijs",
}
_OUTCOMES = {
    "without_bsn": "zonder BSN",
    "rejected": "afgewezen",
    "left_out": "niet geregistreerd",
    "quarantined": "quarantaine",
    "refused": "geweigerd",
    "not_said": "niet doorgegeven",
    "awaiting_review": "wacht op beoordeling",
}

_NOTICES = {
    NoticeEvent.DECLARED: "verklaard",
    NoticeEvent.USED: "vraag beantwoord",
    NoticeEvent.JUSTIFIED: "getoetst: terecht",
    NoticeEvent.UNJUSTIFIED: "getoetst: onterecht",
    NoticeEvent.OVERDUE: "toetsing te laat",
}


class ProgressLine(Progress):
    """Shows a run on standard error; nothing where that is no terminal."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        console = Console(stderr=True)
        self._bars = Bars(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._reading = self._bars.add_task("lezen", total=None)
        self._queueing = self._bars.add_task("vergelijken", total=None, visible=False)

    def __enter__(self) -> ProgressLine:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def on_record(self, count: int) -> None:
        """Show how many records were read."""
        self._bars.update(self._reading, completed=count)

    def on_unit(self, count: int, total: int) -> None:
        """Show how much of what was read has been compared and queued."""
        self._bars.update(self._queueing, completed=count, total=total, visible=True)


def show_report(report: Report, name: str) -> None:
    """Print the counts, the receipts, and what needs attention."""
    console = Console(highlight=False, markup=False, emoji=False)
    table = _table(f"Adapter {name}", "", "aantal")
    for field, label in _NAMES.items():
        if field != "quarantined" or report.quarantined:
            table.add_row(label, str(getattr(report, field)))
    for field, label in _RECEIPTS.items():
        table.add_row(f"  {label}", str(getattr(report.receipts, field)))
    console.print(table)
    if report.receipts.consistency_token:
        # Whole on one line: it is there to be copied into a question.
        console.print(f"Vragen die dit moeten zien: {report.receipts.consistency_token}", soft_wrap=True)
    if report.details:
        console.print(_details(report))
    if len(report.details) > MOST_DETAILS:
        console.print(f"… en {len(report.details) - MOST_DETAILS} meer; met --json staan ze er alle.")


def show_adapters(manifests: list[Manifest]) -> None:
    """Print the installed adapters."""
    table = _table("Adapters", "soort", "naam", "formaat", "versie", "grondslag")
    for manifest in manifests:
        basis = "; ".join(manifest.legal_basis.articles)
        mark = "" if manifest.legal_basis.verified else " (niet geverifieerd)"
        table.add_row(manifest.kind, manifest.name, manifest.format, manifest.version, basis + mark)
    Console(highlight=False, markup=False, emoji=False).print(table)


def show_notices(notices: Sequence[KeptNotice]) -> None:
    """Print the notices of break-glass, oldest first: a block each, with every id whole, as officers ask by it."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not notices:
        console.print("Noodprocedure: geen berichten.")
    for kept in notices:
        notice = kept.notice
        unread = "" if kept.seen else "  NIEUW"
        console.print(Text(f"{dutch_time(notice.at)}  {_NOTICES[notice.event]}{unread}", style="bold"))
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for name, said in (
            ("verklaring", notice.declaration),
            ("vrager", notice.asker),
            ("grond", notice.ground),
            ("doel", notice.purpose),
            ("toetsing", f"vóór {dutch_time(notice.review_due)}"),
            ("vastgelegd als", notice.occasion),
            *(("eigen verwijzing", reference) for reference in notice.references),
        ):
            grid.add_row(Text(f"  {name}"), Text(said))
        console.print(grid)
        console.print()


def _details(report: Report) -> Table:
    table = _table("\nBij de bron nakijken", "plaats", "uitkomst", "veld", "reden", "verwijzing")
    for detail in report.details[:MOST_DETAILS]:
        outcome = _OUTCOMES.get(detail.outcome, detail.outcome)
        table.add_row(detail.place, outcome, detail.field, detail.reason, detail.reference or "")
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
