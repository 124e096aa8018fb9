"""Messages as files and streams bring them: null values, batches, damage; one spoils no other, none is mixed."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ggz import ADAPTER
from adapters.kit.mllp import framed
from adapters.kit.model import InvolvementDraft, MappingContext, SourceRecord, UnreadableRecord
from gateway.domain import Bsn, Phase
from gateway.errors import InvalidInput
from tests.support.hl7 import BSN, PID, adt, pv1

CONTEXT = MappingContext(today=date(2026, 6, 1))
OTHER_BSN = "999993653"
ADMIT = adt("A01", PID, pv1())
OTHER = adt("A01", PID.replace(BSN, OTHER_BSN), pv1(visit="V2"))


def record_of(raw: bytes) -> SourceRecord[Any]:
    record = ADAPTER.read_frame(raw)
    assert isinstance(record, SourceRecord), record
    return record


def involvement(raw: bytes) -> InvolvementDraft:
    [draft] = ADAPTER.map(record_of(raw), CONTEXT).drafts
    assert isinstance(draft, InvolvementDraft)
    return draft


def read(path: Path, content: bytes) -> list[Bsn | str]:
    """Return the BSN of every message that could be read, and the broken rule of every other."""
    path.write_bytes(content)
    found: list[Bsn | str] = []
    for record in ADAPTER.read(path):
        if isinstance(record, UnreadableRecord):
            found.append(str(record.error))
            continue
        [draft] = ADAPTER.map(record, CONTEXT).drafts
        assert isinstance(draft, InvolvementDraft)
        found.append(draft.bsn)
    return found


def test_the_null_value_of_hl7_is_no_value() -> None:
    draft = involvement(adt("A08", PID, pv1(visit='""', discharged='""'), "PV2" + "|" * 22 + '""'))
    assert (draft.phase, draft.until, draft.shielded, draft.key) == (Phase.ACTIVE, None, False, "local:L1")


def test_a_fifth_separator_of_version_2_7_is_accepted() -> None:
    assert involvement(
        adt("A01", PID, pv1(), header="MSH|^~\\&#|A|B|C|D|20260302||ADT^{}|7|P|2.8")
    ).bsn == Bsn(BSN)


def test_the_envelope_of_a_batch_is_no_message(tmp_path: Path) -> None:
    content = b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + ADMIT + OTHER + b"BTS|2\rFTS|1\r"
    assert read(tmp_path / "batch.hl7", content) == [Bsn(BSN), Bsn(OTHER_BSN)]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_file_of_mllp_frames_is_read(tmp_path: Path, mark: bytes) -> None:
    content = framed(mark + ADMIT) + framed(mark + OTHER)
    assert read(tmp_path / "frames.hl7", content) == [Bsn(BSN), Bsn(OTHER_BSN)]


def test_what_is_damaged_is_a_line_of_its_own_and_the_rest_is_read(tmp_path: Path) -> None:
    latin = OTHER.replace(b"Naam", "Zoë".encode("latin-1"))
    content = b"rubbish\r" + ADMIT + ADMIT.replace(b"MSH|^", b"MSH||") + latin + OTHER
    first, good, separators, charset, last = read(tmp_path / "adt.hl7", content)
    assert (good, last) == (Bsn(BSN), Bsn(OTHER_BSN))
    assert [str(rule).split(":")[0] for rule in (first, separators, charset)] == ["MSH", "MSH-2", "MSH-18"]


def test_a_message_that_is_not_adt_is_refused_by_its_field() -> None:
    record = ADAPTER.read_frame(adt("R01", PID, header="MSH|^~\\&|A|B|C|D|20260302||ORU^{}|7|P|2.5"))
    assert isinstance(record, UnreadableRecord)
    assert str(record.error).startswith("MSH-9")


@given(cut=st.integers(0, len(ADMIT)), glue=st.sampled_from([b"", b"\r", b"\n", b"\x0b", b"\r\x0b"]))
def test_a_message_that_is_cut_never_lends_its_person_to_the_next(cut: int, glue: bytes) -> None:
    """The first patient's number must not come out with the second one's visit, wherever the first was cut."""
    frame = ADMIT[:cut] + glue + OTHER
    if isinstance(ADAPTER.read_frame(frame), UnreadableRecord):
        assert cut > 0
        return
    # What can still be read is the second message, with nothing but line ends before it.
    draft = involvement(frame)
    assert (draft.bsn, draft.key) == (Bsn(OTHER_BSN), "visit:V2")


def test_an_event_about_one_patient_with_two_patients_is_refused() -> None:
    record = record_of(adt("A01", PID, PID.replace(BSN, OTHER_BSN), pv1()))
    with pytest.raises(InvalidInput, match="PID"):
        ADAPTER.map(record, CONTEXT)


@pytest.mark.parametrize("glue", [b"", b"\r", b"\x0b"])
def test_two_messages_in_one_frame_are_refused(glue: bytes) -> None:
    record = ADAPTER.read_frame(ADMIT + glue + OTHER)
    assert isinstance(record, UnreadableRecord)
