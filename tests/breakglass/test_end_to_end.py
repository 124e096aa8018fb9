"""An emergency on a whole site: declared and used over gRPC, told to both partners' kits, reviewed and escalated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.kit.notices_cli import fetch_and_list
from gateway.breakglass.escalating import EscalationKeeper
from gateway.bus.opening import open_bus
from gateway.bus.topics import TopicKind, topic_of
from gateway.clock import now
from gateway.domain import SecrecyClass
from gateway.index.sql.store import open_store
from gateway.messages.notices import Notice
from gateway.messages.receipts import RECEIPT_TYPE, ReceiptOutcome, read_receipt
from tests.support.facts import involvement, message, pseudonym
from tests.support.trial import Trial
from verwijsindex.client import Declared, IndexClient, NotPermitted, Professional, SubjectPseudonym, connect

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("break-glass")]

ASKER = Professional(id="agent-4711", role="wijkagent", mandate="eigen-taak")
COLLEAGUE = Professional(id="agent-4712", role="wijkagent", mandate="eigen-taak")
TEXT = "PLANTED-EXPLANATION: er is nu acuut gevaar, de buren hoorden geschreeuw."


@dataclass
class Site:
    """A trial site whose index runs, with one person whom the GGZ and Veilig Thuis know."""

    trial: Trial

    @asynccontextmanager
    async def client(self, kind: str = "politie") -> AsyncIterator[IndexClient]:
        """Connect as one of the partners."""
        tls = self.trial.partner(kind).tls
        async with connect(
            self.trial.made["address"], certificate=tls.certificate, key=tls.key, trusted_ca=tls.trusted_ca
        ) as index:
            yield index

    async def declare(self, who: str = "anna", **changes: Any) -> Declared:
        """Declare as the police."""
        values: dict[str, Any] = {
            "purpose": "crisis",
            "professional": ASKER,
            "own_case": False,
            "ground": "acute-danger",
            "explanation": TEXT,
        }
        kind = changes.pop("kind", "politie")
        async with self.client(kind) as index:
            return await index.break_glass.declare(subject(who), **values | changes)

    async def shown(self, declaration: str = "", who: str = "anna", **changes: Any) -> list[str]:
        """Ask as the police, and return the kinds that the answer shows."""
        values: dict[str, Any] = {"purpose": "crisis", "professional": ASKER, "own_case": False}
        async with self.client(changes.pop("kind", "politie")) as index:
            answer = await index.lookup(subject(who), declaration=declaration, **values | changes)
        return [found.partner_kind for found in answer.involvements]

    async def notices(self, kind: str) -> list[Notice]:
        """Return what the kit of a partner has of notices, new ones fetched, as `adapter notices` does."""
        listed, away = await fetch_and_list(self.trial.partner(kind), wait=0.2, seen=False)
        assert away is None
        return [each.notice for each in listed]

    async def notices_of(self, declared: Declared, kind: str, event: str) -> list[Notice]:
        """Return the notices of one event, once there are any."""
        while True:
            listed = await self.notices(kind)
            found = [each for each in listed if (each.declaration, each.event.value) == (declared.id, event)]
            if found:
                return found

    def command(self, *arguments: str, check: bool = True) -> Any:
        """Run a command of the officers and return its JSON."""
        config = self.trial.made["index_config"]
        return self.trial.json("break-glass", *arguments, "--config", config, check=check)


def subject(who: str) -> list[SubjectPseudonym]:
    return [SubjectPseudonym(value=pseudonym(who).reveal(), epoch=1)]


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def register(trial: Trial) -> None:
    """Let the GGZ and Veilig Thuis register Anna, Veilig Thuis shielded; return once the index has both."""
    facts = [
        involvement(trial.oin("ggz"), "anna", desk="aanmeldbureau", secrecy=SecrecyClass.RESTRICTED),
        involvement(trial.oin("veilig_thuis"), "anna", shielded=True),
    ]
    await trial.publish([trial.record(message(fact, recorded_at=now())) for fact in facts])
    bus = open_bus(trial.settings.bus)
    for fact in facts:
        topic = topic_of(TopicKind.EGRESS, fact.partner)
        async with bus.consumer(group="test", topics=[topic]) as consumer:
            found = await consumer.receive(most=1, timeout_seconds=60)
            assert found[0].record.headers["ce_type"] == RECEIPT_TYPE.encode()
            assert read_receipt(found[0].record).outcome is ReceiptOutcome.ACCEPTED
    await bus.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    trial = Trial.make(tmp_path_factory.mktemp("break-glass") / "site")
    with trial.process("serve"):
        asyncio.run(register(trial))
        yield Site(trial)


async def test_a_declaration_shows_more_tells_both_partners_and_is_reviewed(site: Site) -> None:
    # Without it nothing: the police is not involved, and no rule lets it see the GGZ.
    assert await site.shown() == []
    declared = await site.declare()
    assert await site.shown(declared.id) == ["ggz"]

    [used] = await site.notices_of(declared, "ggz", "used")
    assert used.asker == site.trial.oin("politie")
    assert used.references == (f"ref-{site.trial.oin('ggz')[-4:]}-anna",)
    assert await site.notices_of(declared, "politie", "declared")
    [own] = await site.notices_of(declared, "politie", "used")
    assert own.references == ()

    waiting = site.command("list")["declarations"]
    [found] = [each for each in waiting if each["id"] == declared.id]
    assert [use["shown"] for use in found["uses"]] == [[site.trial.oin("ggz")]]
    read = site.command("show", declared.id, "--reviewer", "fg-1")
    assert (read["explanation"], read["professional"]["id"]) == (TEXT, ASKER.id)
    site.command("review", declared.id, "--outcome", "justified", "--reviewer", "fg-1")
    for kind in ("politie", "ggz"):
        assert await site.notices_of(declared, kind, "justified")
    assert declared.id not in [each["id"] for each in site.command("list")["declarations"]]
    # Judged justified it serves until it ends; the partner that shields is told nothing at all.
    assert await site.shown(declared.id) == ["ggz"]
    assert await site.notices("veilig_thuis") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "veilig_thuis", "purpose": "safety-assessment",
         "professional": Professional(id="vt-1", role="vertrouwensarts", mandate="eigen-taak")},
        {"ground": "curiosity"},
        {"own_case": True},
        {"professional": Professional(id="agent-1", role="behandelaar", mandate="eigen-taak")},
    ],
    ids=["purpose", "ground", "own case", "role"],
)  # fmt: skip
async def test_what_the_convenant_does_not_let_is_refused(site: Site, changes: dict[str, Any]) -> None:
    with pytest.raises(NotPermitted) as caught:
        await site.declare(**changes)
    assert caught.value.reason in {"BREAK_GLASS_NOT_ALLOWED", "OWN_CASE", "UNKNOWN_ROLE"}


async def test_a_declaration_serves_nobody_else_and_nothing_else(site: Site) -> None:
    declared = await site.declare("bram")
    questions: list[dict[str, Any]] = [
        {"professional": COLLEAGUE},
        {"who": "anna"},
        {"purpose": "safety-assessment"},
        {"kind": "ggz", "professional": Professional(id=ASKER.id, role="behandelaar", mandate="eigen-taak")},
    ]
    for changes in questions:
        with pytest.raises(NotPermitted) as caught:
            await site.shown(declared.id, **{"who": "bram"} | changes)
        assert caught.value.reason == "BREAK_GLASS_REFUSED"
    assert await site.shown(declared.id, who="bram") == []


async def test_one_that_is_judged_unjustified_ends_at_once(site: Site) -> None:
    declared = await site.declare()
    assert await site.shown(declared.id) == ["ggz"]
    site.command("review", declared.id, "--outcome", "unjustified", "--reviewer", "fg-2")
    with pytest.raises(NotPermitted):
        await site.shown(declared.id)
    again = site.trial.run(
        "break-glass", "review", declared.id, "--outcome", "justified", "--reviewer", "fg-2",
        "--config", site.trial.made["index_config"], check=False,
    )  # fmt: skip
    assert (again.returncode, "reviewed already" in again.stderr) == (2, True)


async def test_a_review_that_is_overdue_escalates_to_both_partners(site: Site) -> None:
    declared = await site.declare()
    await site.shown(declared.id)
    store = open_store(site.trial.settings.store)
    try:
        keeper = EscalationKeeper(store=store, clock=lambda: now() + timedelta(days=6))
        assert await keeper.escalate() >= 1
        assert await keeper.escalate() == 0
    finally:
        await store.close()
    for kind in ("politie", "ggz"):
        [overdue] = await site.notices_of(declared, kind, "overdue")
        assert overdue.asker == site.trial.oin("politie")
    records = site.trial.json("audit", "list", "--config", site.trial.made["index_config"])["records"]
    assert "overdue" in {each["reason"] for each in records if each["event"] == "break-glass-review"}


async def test_how_often_a_partner_declares_can_be_seen(site: Site) -> None:
    await site.declare()
    usage = site.command("usage", "--months", "3")["partners"]
    [police] = [each for each in usage if each["oin"] == site.trial.oin("politie")]
    assert police["declarations"] >= 1
    assert police["lookups"] >= police["used"]
    assert len(police["months"]) == 3
    table = site.trial.run("break-glass", "usage", "--config", site.trial.made["index_config"])
    assert "Politie Voorbeeldregio" in table.stdout
    assert "█" in table.stdout


async def test_the_stated_text_is_in_no_file_of_the_site(site: Site) -> None:
    """Not in the store, the bus, a partner's file or a log: what is kept of it is sealed."""
    declared = await site.declare()
    await site.shown(declared.id)
    files = await asyncio.to_thread(files_of, site.trial.folder)
    assert any(path.name == "index.sqlite3" for path in files)
    assert any(path.name == "serve.log" for path in files)
    assert [path for path in files if b"PLANTED-EXPLANATION" in path.read_bytes()] == []
    assert [
        path for path in files if path.name == "serve.log" and ASKER.id.encode() in path.read_bytes()
    ] == []
