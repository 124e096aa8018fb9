"""HL7 v2 acknowledgements: MSH of the sender turned round, MSA with the code and the sender's control id."""

from __future__ import annotations

from enum import StrEnum

import hl7

from adapters.ggz.message import parse
from gateway.errors import InvalidInput


class AckCode(StrEnum):
    """MSA-1 (table 0008)."""

    ACCEPTED = "AA"
    ERROR = "AE"
    """The message is one, and something in it breaks a rule: sending it again does not help."""
    REJECTED = "AR"
    """This is no message that can be read."""


def acknowledge(frame: bytes, code: AckCode, *, charset: str) -> bytes:
    """Return the acknowledgement of a frame; one that cannot be read gets an AR without a control id."""
    try:
        message = parse(frame, default_charset=charset)
        # The ACK is made of MSH alone: nothing else of the message is repeated.
        answer = str(message.create_ack(code.value))
    except (InvalidInput, hl7.HL7Exception, KeyError, IndexError, ValueError):
        answer = "MSH|^~\\&|||||||ACK||P|2.5\rMSA|AR|\r"
    return answer.encode("utf-8")
