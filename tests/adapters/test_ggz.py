"""ADT messages become involvements by their trigger, with the BSN and the dates and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ggz import ADAPTER
from adapters.kit.model import (
    InvolvementDraft,
    LeftOut,
    Mapped,
    MappingContext,
    MergeDraft,
    PersonDraft,
    SourceRecord,
    UnreadableRecord,
    WithoutBsn,
)
from gateway.domain import Bsn, Phase
from gateway.errors import InvalidInput
from tests.support.hl7 import BSN, PID, adt, pv1

CONTEXT = MappingContext(today=date(2026, 6, 1))
PV1 = pv1()
DISCHARGED = pv1(discharged="20260401")


def read(raw: bytes) -> SourceRecord[Any]:
    record = ADAPTER.read_frame(raw)
    assert isinstance(record, SourceRecord), record
    return record


def mapped(raw: bytes) -> Mapped:
    return ADAPTER.map(read(raw), CONTEXT)


def involvement(raw: bytes) -> InvolvementDraft:
    [draft] = mapped(raw).drafts
    assert isinstance(draft, InvolvementDraft)
    return draft


@pytest.mark.parametrize("trigger", ["A01", "A04", "A08", "A13"])
def test_an_admission_an_update_and_a_cancelled_discharge_are_active(trigger: str) -> None:
    draft = involvement(adt(trigger, PID, PV1))
    assert (draft.phase, draft.since, draft.until) == (Phase.ACTIVE, date(2026, 3, 1), None)
    assert draft.bsn == Bsn("123456782")
    assert draft.desk == "aanmeldbureau"


def test_a_discharge_ends_on_its_date() -> None:
    draft = involvement(adt("A03", PID, DISCHARGED))
    assert (draft.phase, draft.until) == (Phase.ENDED, date(2026, 4, 1))


def test_a_discharge_without_a_date_ends_on_the_day_of_the_event() -> None:
    assert involvement(adt("A03", PID, PV1)).until == date(2026, 3, 2)


@pytest.mark.parametrize("trigger", ["A11", "A38"])
def test_a_cancelled_admission_never_was(trigger: str) -> None:
    assert involvement(adt(trigger, PID, PV1)).phase is Phase.RETRACTED


def test_a_merge_names_both_numbers_and_the_bsn_of_each_that_the_message_gives() -> None:
    [draft] = mapped(adt("A40", PID, "MRG|OLD7^^^LOCAL^PI")).drafts
    assert draft == MergeDraft(key="local:OLD7>local:L1", old="local:OLD7", new="local:L1", new_bsn=Bsn(BSN))
    [draft] = mapped(adt("A40", PID, "MRG|999993653^^^NLMINBIZA^NNNLD~OLD7^^^LOCAL^PI")).drafts
    assert isinstance(draft, MergeDraft)
    assert (draft.old_bsn, draft.new_bsn) == (Bsn("999993653"), Bsn(BSN))


def test_every_merged_number_goes_to_the_patient_before_it() -> None:
    other = "PID|1||999993653^^^NLMINBIZA^NNNLD~L2^^^LOCAL^PI"
    drafts = mapped(adt("A40", PID, "MRG|OLD1^^^LOCAL^PI", other, "MRG|OLD2^^^LOCAL^PI")).drafts
    assert [draft.key for draft in drafts if isinstance(draft, MergeDraft)] == [
        "local:OLD1>local:L1",
        "local:OLD2>local:L2",
    ]
    assert isinstance(drafts[1], MergeDraft)
    assert drafts[1].new_bsn == Bsn("999993653")


def test_a_number_merged_into_itself_is_no_merge_unless_its_bsn_was() -> None:
    assert mapped(adt("A40", PID, "MRG|L1^^^LOCAL^PI")).drafts == ()
    [draft] = mapped(adt("A40", PID, "MRG|L1^^^LOCAL^PI~999993653^^^NLMINBIZA^NNNLD")).drafts
    assert draft == MergeDraft(
        key="bsn:999993653>local:L1", new="local:L1", old_bsn=Bsn("999993653"), new_bsn=Bsn(BSN)
    )


@pytest.mark.parametrize("segments", [(PID,), (PID, "MRG|"), (PID, "MRG|^^^LOCAL^PI")])
def test_a_merge_without_what_was_merged_is_refused(segments: Sequence[str]) -> None:
    with pytest.raises(InvalidInput, match="MRG-1"):
        mapped(adt("A40", *segments))


def test_a_wrong_bsn_of_the_merged_patient_is_refused_without_being_repeated() -> None:
    with pytest.raises(InvalidInput) as caught:
        mapped(adt("A40", PID, "MRG|999940003^^^NLMINBIZA^NNNLD"))
    assert "MRG-1" in str(caught.value)
    assert "999940003" not in str(caught.value)


def test_an_unlink_takes_back_the_merge_of_the_two_whichever_way_it_went() -> None:
    other = PID.replace("L1^", "OLD7^")
    assert mapped(adt("A37", PID, other)).undoes == ("local:L1>local:OLD7", "local:OLD7>local:L1")


@pytest.mark.parametrize("segments", [(PID,), (PID, PID), (PID, "PID|1||123456782^^^NLMINBIZA^NNNLD")])
def test_an_unlink_of_anything_but_two_numbers_is_refused(segments: Sequence[str]) -> None:
    with pytest.raises(InvalidInput, match="PID-3"):
        mapped(adt("A37", *segments))


@pytest.mark.parametrize("trigger", ["A31", "A08"])
def test_an_update_of_the_patient_tells_which_bsn_the_number_has(trigger: str) -> None:
    assert mapped(adt(trigger, PID)).drafts == (PersonDraft(person="local:L1", bsn=Bsn(BSN)),)
    assert mapped(adt("A28", PID)).drafts == ()
    assert involvement(adt("A01", PID, PV1)).person == "local:L1"


@pytest.mark.parametrize("trigger", ["A28", "A31", "A12", "A05"])
def test_other_events_register_nobody(trigger: str) -> None:
    assert mapped(adt(trigger, PID, PV1)).left_out is LeftOut.EVENT_NOT_REGISTERED


def test_an_update_of_somebody_who_is_not_admitted_registers_nobody() -> None:
    assert mapped(adt("A08", PID)).left_out is LeftOut.EVENT_NOT_REGISTERED


@pytest.mark.parametrize("flag", ["PD1|" + "|" * 11 + "Y", "PV2|" + "|" * 21 + "Y"])
def test_a_protection_flag_shields(flag: str) -> None:
    assert involvement(adt("A01", PID, flag, PV1)).shielded


@pytest.mark.parametrize(
    "pid",
    [
        "PID|1||123456782^^^LOCAL^PI",
        "PID|1||123456782^^^NLMINBIZA^PI",
        "PID|1||L1^^^LOCAL^PI||Naam||||||||||||123-45-6789",
        "PID|1",
    ],
)
def test_no_other_number_is_taken_for_a_bsn(pid: str) -> None:
    with pytest.raises(WithoutBsn):
        mapped(adt("A01", pid, PV1))


def test_a_bsn_that_fails_the_11_test_is_refused_without_being_repeated() -> None:
    with pytest.raises(InvalidInput) as caught:
        mapped(adt("A01", PID.replace("123456782", "999940003"), PV1))
    assert "PID-3" in str(caught.value)
    assert "999940003" not in str(caught.value)


@pytest.mark.parametrize(
    ("segments", "path"),
    [
        ((PID, PV1.replace("20260301", "20270301")), "PV1-44"),
        ((PID, pv1(discharged="20260201")), "PV1-45"),
        ((PID, PV1.replace("20260301", "soon")), "PV1-44"),
    ],
)
def test_dates_in_the_future_reversed_or_unreadable_are_refused(segments: Sequence[str], path: str) -> None:
    with pytest.raises(InvalidInput, match=path):
        mapped(adt("A01", *segments))


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"", "MSH"),
        (b"PID|1||x", "MSH"),
        (b"MSH|||||A|B", "MSH-2"),
        (adt("A01", PV1), "PID"),
        (adt("A01", PID, header="MSH|^~\\&|A|B|C|D|20260302|||7|P|2.5"), "MSH-9"),
        (adt("A01", PID, header="MSH|^~\\&|A|B|C|D|20260302||ADT^{}|7|P|2.5||||||KLINGON"), "MSH-18"),
        (adt("A01", PID).replace(b"Naam", b"\xff\xfe"), "MSH-18"),
    ],
)
def test_what_cannot_be_read_is_rejected_by_its_field(raw: bytes, path: str) -> None:
    record = ADAPTER.read_frame(raw)
    assert isinstance(record, UnreadableRecord)
    assert path in str(record.error)


def test_other_separators_of_the_sender_are_honoured() -> None:
    raw = adt("A01", PID, PV1).decode().replace("^", "*").replace("~", "!").encode()
    assert involvement(raw).bsn == Bsn("123456782")


def test_a_latin_1_message_is_read_by_its_charset() -> None:
    header = "MSH|^~\\&|A|B|C|D|20260302||ADT^{}|7|P|2.5||||||8859/1"
    raw = adt("A01", PID.replace("Naam", "Zoe"), PV1, header=header).replace(b"Zoe", "Zoë".encode("latin-1"))
    assert involvement(raw).bsn == Bsn("123456782")


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_file_holds_many_messages_with_any_line_end(tmp_path: Path, end: bytes) -> None:
    path = tmp_path / "adt.hl7"
    path.write_bytes(
        b"\xef\xbb\xbf" + (adt("A01", PID, PV1) + adt("A03", PID, DISCHARGED)).replace(b"\r", end)
    )
    records = list(ADAPTER.read(path))
    assert [record.place for record in records] == ["message 1", "message 2"]
    assert all(isinstance(record, SourceRecord) for record in records)


def test_a_file_without_any_message_is_refused_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.hl7"
    path.write_bytes(b"a;b;c\n1;2;3\n")
    with pytest.raises(InvalidInput, match="MSH"):
        list(ADAPTER.read(path))


def test_the_fixtures_are_read_and_mapped() -> None:
    folder = Path(__file__).parents[2] / "adapters" / "ggz" / "fixtures"
    messages = [ADAPTER.map(record, CONTEXT) for record in ADAPTER.read(folder / "adt.hl7")]  # type: ignore[arg-type]
    assert [len(result.drafts) for result in messages] == [1, 1, 1, 1, 0]
    consents = [ADAPTER.map(record, CONTEXT) for record in ADAPTER.read(folder / "toestemmingen.csv")]  # type: ignore[arg-type]
    assert [len(result.drafts) for result in consents] == [1, 1, 1]


@pytest.mark.parametrize(
    ("problem", "readable", "code"),
    [
        (None, True, b"MSA|AA|7"),
        (WithoutBsn("PID-3"), True, b"MSA|AA|7"),
        (InvalidInput.at("PV1-44", "wrong"), True, b"MSA|AE|7"),
        (InvalidInput.at("MSH", "wrong"), False, b"MSA|AR|7"),
    ],
)
def test_the_acknowledgement_has_the_code_and_the_control_id(
    problem: InvalidInput | None, readable: bool, code: bytes
) -> None:
    answer = ADAPTER.acknowledge(adt("A01", PID, PV1), problem, readable=readable)
    assert code in answer
    assert b"123456782" not in answer
    assert b"Naam" not in answer


@given(raw=st.binary(max_size=300))
def test_any_frame_is_answered(raw: bytes) -> None:
    for frame in (raw, b"MSH|^~\\&|" + raw):
        ADAPTER.read_frame(frame)
        assert b"MSA|" in ADAPTER.acknowledge(frame, None, readable=False)
