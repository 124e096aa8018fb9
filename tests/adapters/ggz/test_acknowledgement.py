"""An acknowledgement names its message, goes back where it came from, and repeats nothing of a patient."""

from __future__ import annotations

import hl7
import pytest

from adapters.ggz.acknowledgement import AckCode, acknowledge
from tests.support.hl7 import PID, adt, pv1

HEADER = "MSH|^~\\&|EPD|GGZ|VWI|REGIO|20260302||ADT^{}^ADT_A01|MSG-1|T|2.4||||||8859/1"


def answer_to(frame: bytes, code: AckCode = AckCode.ACCEPTED) -> hl7.Message:
    return hl7.parse(acknowledge(frame, code).decode("latin-1"))


@pytest.mark.parametrize("code", list(AckCode))
def test_it_is_turned_round_and_names_its_message(code: AckCode) -> None:
    answer = answer_to(adt("A01", PID, pv1(), header=HEADER), code)
    msh, msa = answer.segment("MSH"), answer.segment("MSA")
    assert [str(msh[number]) for number in (3, 4, 5, 6)] == ["VWI", "REGIO", "EPD", "GGZ"]
    assert [str(msh[number]) for number in (9, 11, 12, 18)] == ["ACK^A01^ACK", "T", "2.4", "8859/1"]
    assert [str(msa[number]) for number in (1, 2)] == [code.value, "MSG-1"]


def test_a_body_that_cannot_be_decoded_still_gets_its_control_id() -> None:
    frame = adt("A01", PID, pv1(), header=HEADER.replace("8859/1", "UNICODE UTF-8"))
    answer = answer_to(frame.replace(b"Naam", b"\xff"), AckCode.REJECTED)
    assert str(answer.segment("MSA")[2]) == "MSG-1"


def test_the_separators_and_the_charset_of_the_sender_are_kept() -> None:
    header = HEADER.replace("EPD", "Zoë").replace("|", "$").replace("^", "*")
    frame = header.format("A01").encode("latin-1") + b"\rPID$1"
    answer = acknowledge(frame, AckCode.ERROR)
    assert answer.startswith(b"MSH$*~\\&$VWI$REGIO$" + "Zoë".encode("latin-1") + b"$GGZ$")
    assert b"\rMSA$AE$MSG-1\r" in answer


@pytest.mark.parametrize("frame", [b"", b"no message", b"MSH|||||A", b"PID|1||x"])
def test_what_is_no_message_is_rejected_without_a_control_id(frame: bytes) -> None:
    answer = answer_to(frame, AckCode.REJECTED)
    assert [str(field) for field in answer.segment("MSA")] == ["MSA", "AR", ""]
    assert str(answer.segment("MSH")[10]) != ""


def test_nothing_outside_the_header_and_no_framing_is_repeated() -> None:
    header = HEADER.replace("ADT^{}^ADT_A01", "ADT^Janssen").replace("MSG-1", "MSG\x1c\x0b1")
    answer = acknowledge(adt("A01", PID, pv1(), header=header), AckCode.ACCEPTED)
    for absent in (b"123456782", b"Naam", b"Janssen", b"V1", b"\x1c", b"\x0b"):
        assert absent not in answer
    assert b"MSA|AA|MSG1\r" in answer


def test_two_acknowledgements_have_two_control_ids() -> None:
    frame = adt("A01", PID, pv1())
    first, second = answer_to(frame), answer_to(frame)
    assert str(first.segment("MSH")[10]) != str(second.segment("MSH")[10])
