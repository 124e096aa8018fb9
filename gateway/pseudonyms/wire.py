"""What an evaluation is for, as `verwijsindex.v1` says it: the same for who asks and who answers."""

from __future__ import annotations

from gateway.errors import InvalidInput
from gateway.pseudonyms.ports import EvaluationPurpose
from verwijsindex.v1 import pseudonym_pb2

WIRE_PURPOSES = {
    EvaluationPurpose.REGISTRATION: pseudonym_pb2.EVALUATION_PURPOSE_REGISTRATION,
    EvaluationPurpose.LOOKUP: pseudonym_pb2.EVALUATION_PURPOSE_LOOKUP,
}
_READ: dict[int, EvaluationPurpose] = {number: purpose for purpose, number in WIRE_PURPOSES.items()}


def read_purpose(number: int) -> EvaluationPurpose:
    """Return the purpose of a number on the wire; InvalidInput at `purpose` for any other one."""
    purpose = _READ.get(number)
    if purpose is None:
        raise InvalidInput.at("purpose", "must be registration or lookup")
    return purpose
