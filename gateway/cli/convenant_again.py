"""Go through the index for a comparison of convenants: a page at a time, with a bar that says how far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from rich.progress import Progress

from gateway.audit.model import AuditRecord
from gateway.audit.reading import ReadReason, record_access
from gateway.cli.output import progress_console
from gateway.convenant.question import Question
from gateway.convenant.recounting import InvolvementsAgain, LookupsAgain
from gateway.domain import HouseholdFacts, Oin, Partner, Professional, Reference, Subject
from gateway.index.ports import IndexStore

MONTH = timedelta(days=30)
"""So far back questions of the log are asked again."""
PAGE = 200
"""So many at once: what is in memory, and how long one transaction takes."""

Tell = Callable[[int, int], None]
"""Called with how many are done, and of how many."""


@contextmanager
def telling(*, shown: bool) -> Iterator[Tell]:
    """Show a bar on standard error while the block runs; nothing where that is no terminal."""
    with Progress(
        console=progress_console, transient=True, disable=not (shown and progress_console.is_terminal)
    ) as progress:
        task = progress.add_task("Vergelijken")
        yield lambda done, total: progress.update(task, completed=done, total=total)


async def count_lookups(
    store: IndexStore,
    again: LookupsAgain,
    *,
    on: date,
    until: datetime,
    tell: Tell,
    reader: Professional | None = None,
) -> None:
    """Ask the answered questions of the last 30 days again, with the facts as they are now.

    That the log is read, and by whom if that is known, is on record before anything is.
    """
    since = until - MONTH
    async with store.transaction() as tx:
        await record_access(tx.audit, ReadReason.COMPARED, at=until, reader=reader)
        partners = {partner.oin: partner for partner in await tx.partners.all() if partner.active}
        total = sum((await tx.audit.answered(since, until)).values())
    place, done = 0, 0
    while True:
        async with store.transaction() as tx:
            page = await tx.audit.answers(since, until, after=place, limit=PAGE)
            records = [stored.record for stored in page]
            subjects = list(dict.fromkeys(each.subject for each in records if each.subject is not None))
            households = await tx.facts.households(subjects, on=on)
        if not page:
            return
        for record in records:
            _ask(again, record, partners, households)
        place, done = page[-1].sequence, done + len(page)
        tell(done, max(done, total))


def _ask(
    again: LookupsAgain,
    record: AuditRecord,
    partners: Mapping[Oin, Partner],
    households: Mapping[Subject, HouseholdFacts],
) -> None:
    asker = None if record.organisation is None else partners.get(record.organisation)
    if asker is None or record.professional is None or record.subject is None:
        again.leave_out()
        return
    question = Question(
        asker=asker.oin,
        asker_kind=asker.kind,
        role=record.professional.role,
        mandate=record.professional.mandate,
        purpose=record.purpose,
        subject=record.subject,
        break_glass=bool(record.emergency),
    )
    again.ask(question, households[record.subject])


async def count_involvements(store: IndexStore, again: InvolvementsAgain, *, on: date, tell: Tell) -> None:
    """Look at every involvement that is current on the day."""
    async with store.transaction() as tx:
        total = (await tx.facts.counts()).get("involvements", 0)
    place: tuple[Oin, Reference] | None = None
    done = 0
    while True:
        async with store.transaction() as tx:
            page = await tx.facts.current_involvements(on=on, after=place, limit=PAGE)
            households = await tx.facts.households(list(dict.fromkeys(fact.subject for fact in page)), on=on)
        if not page:
            return
        for fact in page:
            again.look_at(fact, households[fact.subject])
        place, done = (page[-1].partner, page[-1].reference), done + len(page)
        tell(done, max(done, total))
