"""A merge of two patients, its undoing, and a corrected BSN: through the kit, to the queued messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.ggz import ADAPTER
from adapters.kit.outbox import Fate
from adapters.kit.report import NOT_SAID
from gateway.domain import Event, FactMessage, InvolvementFact, MergeFact, Phase
from tests.support.adapters import TODAY, Workbench, subject_of
from tests.support.hl7 import adt, pv1

OLD, NEW, OTHER = "123456782", "999993653", "999911120"
STARTED, UPDATED, ENDED, RETRACTED, MERGED, UNDONE = (
    Event.INVOLVEMENT_STARTED,
    Event.INVOLVEMENT_UPDATED,
    Event.INVOLVEMENT_ENDED,
    Event.INVOLVEMENT_RETRACTED,
    Event.SUBJECT_MERGED,
    Event.SUBJECT_MERGE_UNDONE,
)


def pid(number: str, bsn: str | None) -> str:
    identifiers = [] if bsn is None else [f"{bsn}^^^NLMINBIZA^NNNLD"]
    return f"PID|1||{'~'.join([*identifiers, f'{number}^^^LOCAL^PI'])}||Naam^Voornaam"


def mrg(number: str, bsn: str | None = None) -> str:
    identifiers = [] if bsn is None else [f"{bsn}^^^NLMINBIZA^NNNLD"]
    return f"MRG|{'~'.join([*identifiers, f'{number}^^^LOCAL^PI'])}"


def admit(
    number: str, bsn: str, *, visit: str = "", trigger: str = "A01", at: str = "20240601090000"
) -> bytes:
    return adt(trigger, pid(number, bsn), pv1(visit=visit, admitted="20240601"), at=at)


def discharge(number: str, bsn: str, *, visit: str = "") -> bytes:
    segments = pid(number, bsn), pv1(visit=visit, admitted="20240601", discharged="20240701")
    return adt("A03", *segments, at="20240701170000")


def merge(into: str, bsn: str | None, merged: str, *, at: str = "20240610090000") -> bytes:
    return adt("A40", pid(into, bsn), mrg(merged), at=at)


def unlink(*numbers: str, at: str = "20240620090000") -> bytes:
    return adt("A37", *(pid(number, None) for number in numbers), at=at)


def update(number: str, bsn: str, *, at: str = "20240615090000") -> bytes:
    return adt("A31", pid(number, bsn), at=at)


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path, ADAPTER)


def state_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("state.sqlite3*"))


async def told(bench: Workbench, *messages: bytes) -> list[FactMessage]:
    await bench.run(bench.write("adt.hl7", b"".join(messages)))
    return bench.drain()


async def events(bench: Workbench, *messages: bytes) -> list[Event]:
    return [message.event for message in await told(bench, *messages)]


def merges(messages: Sequence[FactMessage]) -> list[tuple[str, str]]:
    names = {subject_of(bsn): bsn for bsn in (OLD, NEW, OTHER)}
    facts = [message.fact for message in messages]
    return [(names[fact.old], names[fact.new]) for fact in facts if isinstance(fact, MergeFact)]


async def test_a_merge_of_two_bsns_is_told_and_the_visit_keeps_its_reference(bench: Workbench) -> None:
    """The A40 names the old number only: under which BSN it was sent stands in the state file."""
    [started] = await told(bench, admit("L1", OLD, visit="V1"))
    [message] = await told(bench, merge("L2", NEW, "L1"))
    assert message.event is MERGED
    assert message.fact == MergeFact(
        partner=started.fact.partner,
        reference=message.fact.reference,
        old=subject_of(OLD),
        new=subject_of(NEW),
    )
    [later] = await told(bench, discharge("L2", NEW, visit="V1"))
    assert (later.event, later.fact.reference) == (ENDED, started.fact.reference)


async def test_a_merge_holds_for_all_that_was_said_before_it_was_read(bench: Workbench) -> None:
    """Consents have the time of reading: later than the merge in the source, and meant by it."""
    consents = bench.write(
        "toestemmingen.csv",
        "toestemming_id;bsn;geboortedatum;besluit;besloten_door;houders;vragers;doelen;vanaf;tot;toelichting\n"
        f"T-1;{OLD};19800101;toestemming;betrokkene;ggz;politie;crisis;2024-06-01;;\n",
    )
    await told(bench, admit("L1", OLD, visit="V1"))
    await bench.run(consents)
    [agreed] = bench.drain()
    [merged] = await told(bench, merge("L2", NEW, "L1"))
    assert merged.recorded_at > agreed.recorded_at


async def test_a_merge_of_a_source_whose_clock_is_ahead_is_not_before_what_it_merges(
    bench: Workbench,
) -> None:
    [started] = await told(bench, admit("L1", OLD, visit="V1", at="20240801140200"))
    assert started.recorded_at == TODAY + timedelta(minutes=2)
    bench.now = TODAY
    [merged] = await told(bench, merge("L2", NEW, "L1", at="20240801140300"))
    assert merged.recorded_at >= started.recorded_at


async def test_a_merge_is_told_once(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"))
    message = merge("L2", NEW, "L1")
    assert await events(bench, message) == [MERGED]
    assert await events(bench, message) == []
    assert await events(bench, admit("L1", OLD, visit="V1"), message) == []


async def test_a_merge_that_the_index_refused_is_told_again(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"))
    [refused] = await told(bench, merge("L2", NEW, "L1"))
    bench.outbox.settle(refused.id.id, Fate.REFUSED)
    [again] = await told(bench, merge("L2", NEW, "L1"))
    assert again.fact == refused.fact


async def test_a_merge_of_one_person_moves_nobody(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"))
    assert await events(bench, merge("L2", OLD, "L1")) == []


async def test_a_merge_of_somebody_who_was_never_sent_is_nothing(bench: Workbench) -> None:
    assert await events(bench, merge("L2", NEW, "L1")) == []


async def test_a_merge_that_gives_both_bsns_is_told_whoever_was_sent(bench: Workbench) -> None:
    """An alias stays for what comes late: the message of the old one may wait in another file."""
    message = adt("A40", pid("L2", NEW), mrg("L1", OLD), at="20240610090000")
    assert merges(await told(bench, message)) == [(OLD, NEW)]


async def test_an_involvement_under_the_old_number_goes_on_under_the_new_one(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD))
    messages = await told(bench, merge("L2", OLD, "L1"))
    assert [message.event for message in messages] == [RETRACTED, STARTED]
    moved = messages[1].fact
    [ended] = await told(bench, discharge("L2", OLD))
    assert (ended.event, ended.fact.reference) == (ENDED, moved.reference)


async def test_it_goes_on_about_the_new_person(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD))
    messages = await told(bench, merge("L2", NEW, "L1"))
    assert [message.event for message in messages] == [MERGED, RETRACTED, STARTED]
    facts = [message.fact for message in messages if isinstance(message.fact, InvolvementFact)]
    assert [fact.subject for fact in facts] == [subject_of(OLD), subject_of(NEW)]


async def test_an_open_involvement_of_the_new_number_stays_as_it_is(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD), admit("L2", OLD))
    assert await events(bench, merge("L2", OLD, "L1")) == [RETRACTED]


async def test_an_ended_one_of_the_new_number_is_opened_by_an_open_one_of_the_old(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD), admit("L2", OLD), discharge("L2", OLD))
    assert await events(bench, merge("L2", OLD, "L1")) == [RETRACTED, UPDATED]


async def test_two_that_ended_become_one_that_ended(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD), discharge("L1", OLD), admit("L2", OLD), discharge("L2", OLD))
    assert await events(bench, merge("L2", OLD, "L1")) == [RETRACTED]


async def test_without_a_bsn_anywhere_the_old_number_is_only_taken_back(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD))
    assert await events(bench, merge("L2", None, "L1")) == [RETRACTED]


async def test_the_bsn_of_the_new_number_is_the_one_it_was_sent_under(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"), admit("L2", NEW, visit="V2"))
    assert merges(await told(bench, merge("L2", None, "L1"))) == [(OLD, NEW)]


async def test_an_unlink_undoes_the_merge_once(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"))
    [merged] = await told(bench, merge("L2", NEW, "L1"))
    [undone] = await told(bench, unlink("L2", "L1"))
    assert (undone.event, undone.fact.reference) == (UNDONE, merged.fact.reference)
    assert await events(bench, unlink("L1", "L2", at="20240621090000")) == []


async def test_an_unlink_of_numbers_that_were_not_merged_is_nothing(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"), admit("L2", NEW, visit="V2"))
    assert await events(bench, unlink("L2", "L1")) == []


async def test_an_undone_merge_that_is_read_again_stays_undone_and_a_new_one_is_told(
    bench: Workbench,
) -> None:
    first = merge("L2", NEW, "L1")
    [started, merged, undone] = await told(bench, admit("L1", OLD, visit="V1"), first, unlink("L1", "L2"))
    assert (started.event, merged.event, undone.event) == (STARTED, MERGED, UNDONE)
    assert await events(bench, first) == []
    [again] = await told(bench, merge("L2", NEW, "L1", at="20240625090000"))
    assert again.event is MERGED
    assert again.fact.reference != merged.fact.reference
    assert await events(bench, unlink("L1", "L2", at="20240626090000")) == [UNDONE]


async def test_an_undone_merge_puts_back_what_had_moved_to_the_new_number(bench: Workbench) -> None:
    [started] = await told(bench, admit("L1", OLD))
    moved = (await told(bench, merge("L2", NEW, "L1")))[-1]
    messages = await told(bench, discharge("L2", NEW), unlink("L2", "L1", at="20240702090000"))
    assert [message.event for message in messages] == [ENDED, UNDONE, ENDED, RETRACTED]
    back, gone = messages[2].fact, messages[3].fact
    assert isinstance(back, InvolvementFact)
    assert (back.reference, back.subject) == (started.fact.reference, subject_of(OLD))
    assert gone.reference == moved.fact.reference


async def test_an_undone_merge_opens_again_what_it_took_back(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD), admit("L2", NEW))
    assert await events(bench, merge("L2", NEW, "L1")) == [MERGED, RETRACTED]
    messages = await told(bench, unlink("L2", "L1"))
    assert [message.event for message in messages] == [UNDONE, STARTED]
    assert isinstance(messages[1].fact, InvolvementFact)
    assert messages[1].fact.phase is Phase.ACTIVE


async def test_a_corrected_bsn_moves_what_was_said_under_the_wrong_one(bench: Workbench) -> None:
    """An A31 says nothing about an involvement, and still which person the number is."""
    await told(bench, admit("L1", OLD, visit="V1"), admit("L1", OLD, visit="V2"))
    report = await bench.run(bench.write("a31.hl7", update("L1", NEW)))
    assert (report["left_out"], report["messages"]) == (1, 1)
    assert merges(bench.drain()) == [(OLD, NEW)]
    assert await events(bench, update("L1", NEW)) == []


async def test_a_correction_in_an_update_of_the_visit_changes_its_person_too(bench: Workbench) -> None:
    [started] = await told(bench, admit("L1", OLD, visit="V1"))
    corrected = admit("L1", NEW, visit="V1", trigger="A08", at="20240615090000")
    merged, updated = await told(bench, corrected)
    assert (merged.event, updated.event) == (MERGED, UPDATED)
    assert updated.fact.reference == started.fact.reference
    assert isinstance(updated.fact, InvolvementFact)
    assert updated.fact.subject == subject_of(NEW)


async def test_a_correction_in_the_file_of_the_admission_is_seen(bench: Workbench) -> None:
    assert await events(bench, admit("L1", OLD, visit="V1"), update("L1", NEW)) == [STARTED, MERGED]


async def test_an_older_record_corrects_nothing_back(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"), update("L1", NEW))
    assert await events(bench, update("L1", OLD, at="20240602090000")) == []


async def test_a_correction_that_is_taken_back_is_told_and_then_again(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"))
    steps = [(NEW, "20240611"), (OLD, "20240612"), (NEW, "20240613")]
    messages = await told(bench, *(update("L1", bsn, at=f"{day}090000") for bsn, day in steps))
    assert merges(messages) == [(OLD, NEW), (NEW, OLD), (OLD, NEW)]


async def test_a_bsn_that_is_another_patients_too_is_not_merged_away(bench: Workbench) -> None:
    """A brother's number in his sister's record: what is said about the brother must stay with him."""
    sister, _, _ = await told(
        bench,
        admit("SISTER", OLD, visit="V1"),
        admit("SISTER", OLD, visit="V2"),
        admit("BROTHER", OLD, visit="V3"),
    )
    messages = await told(bench, update("SISTER", NEW))
    assert merges(messages) == []
    assert [message.event for message in messages] == [UPDATED, UPDATED]
    facts = [message.fact for message in messages if isinstance(message.fact, InvolvementFact)]
    assert {fact.subject for fact in facts} == {subject_of(NEW)}
    assert sister.fact.reference in {fact.reference for fact in facts}


async def test_a_merge_of_a_number_with_another_patients_bsn_leaves_that_patient_alone(
    bench: Workbench,
) -> None:
    await told(bench, admit("L1", OLD, visit="V1"), admit("BROTHER", OLD, visit="V3"))
    messages = await told(bench, merge("L2", NEW, "L1"))
    assert [message.event for message in messages] == [UPDATED]
    [message] = messages
    assert isinstance(message.fact, InvolvementFact)
    assert message.fact.subject == subject_of(NEW)


async def test_of_such_a_number_nothing_stays_under_its_own_reference(bench: Workbench) -> None:
    stood, _, brother = await told(
        bench, admit("L1", OLD), admit("L1", OLD, visit="V1"), admit("BROTHER", OLD)
    )
    messages = await told(bench, merge("L2", NEW, "L1"))
    assert [message.event for message in messages] == [RETRACTED, STARTED, UPDATED]
    assert messages[0].fact.reference == stood.fact.reference
    assert brother.fact.reference not in {message.fact.reference for message in messages}


async def test_an_update_of_somebody_who_was_never_sent_asks_for_no_pseudonym(bench: Workbench) -> None:
    """Hospitals send an A31 for every change of address: that is no reason to evaluate a number."""
    await told(bench, admit("L1", OLD, visit="V1"))
    asked = len(bench.pseudonymiser.batches)
    assert await events(bench, update("L9", OTHER), update("L1", OLD)) == []
    assert len(bench.pseudonymiser.batches) == asked


async def test_a_new_epoch_is_no_correction(bench: Workbench) -> None:
    await told(bench, admit("L1", OLD, visit="V1"))
    bench.pseudonymiser.epochs = (2,)
    assert await events(bench, update("L1", OLD)) == []
    assert await events(bench, admit("L1", OLD, visit="V1", trigger="A08", at="20240616090000")) == [UPDATED]


async def test_a_bsn_corrected_in_another_epoch_is_said_again_for_each_involvement(
    bench: Workbench,
) -> None:
    """The index has forgotten the old person's pseudonym: there is nothing to merge."""
    await told(bench, admit("L1", OLD, visit="V1"), admit("L1", OLD, visit="V2"))
    bench.pseudonymiser.epochs = (2,)
    report = await bench.run(bench.write("a31.hl7", update("L1", NEW)))
    messages = bench.drain()
    assert [message.event for message in messages] == [UPDATED, UPDATED]
    facts = [message.fact for message in messages if isinstance(message.fact, InvolvementFact)]
    assert {fact.subject for fact in facts} == {subject_of(NEW, 2)}
    [line] = [line for line in report["details"] if line["outcome"] == NOT_SAID]
    assert (line["place"], "does not move" in line["reason"]) == ("message 1", True)


async def test_nothing_of_a_number_is_in_the_state_file(bench: Workbench, tmp_path: Path) -> None:
    await told(bench, admit("LOCAL77", OLD, visit="V1"), merge("L2", NEW, "LOCAL77"), update("L2", OTHER))
    bench.file.close()
    content = state_of(tmp_path)
    assert content
    for secret in (OLD, NEW, OTHER, "LOCAL77"):
        assert secret.encode() not in content
