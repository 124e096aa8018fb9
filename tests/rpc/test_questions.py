"""Reading a question: every rule at its field, and no error that repeats what was asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InvalidInput, Violation
from gateway.index.tokens import encode_token
from gateway.lookup.answer import LookupRequest
from gateway.rpc.questions import read_question
from gateway.rpc.status import failure_of, status_of
from tests.support.facts import OIN_VT, person, wire_subject
from tests.support.sealed import DOOR, SEALER
from verwijsindex.v1 import common_pb2, index_pb2

A_CODE = "must be a lower-case code of at most 64 characters"
RULES = {
    Violation("subject", "must have 1 to 2 pseudonyms, each of another epoch"),
    Violation("subject", "must be a pseudonym of an epoch that is in use"),
    *(Violation(f"subject[{place}].value", "must be exactly 32 bytes") for place in range(2)),
    *(Violation(f"subject[{place}].value", "must be of an epoch from 1 to 9999") for place in range(2)),
    Violation("purpose", A_CODE),
    Violation(
        "professional.id", "must be 1 to 64 letters, digits or . _ @ : -, starting with a letter or digit"
    ),
    Violation("professional.role", A_CODE),
    Violation("professional.mandate", A_CODE),
    Violation("consistency_token", "must be empty or a token that this index gave"),
    Violation("own_case", "must say whether the professional belongs to the household"),
    Violation("declaration_id", "must be empty or the id of a declaration"),
}
"""All there is to say about a malformed question. None of it depends on a value."""

words = st.text(max_size=80)
requests = st.builds(
    index_pb2.LookupRequest,
    subject=st.lists(
        st.builds(
            common_pb2.SubjectPseudonym,
            value=st.binary(max_size=64) | st.binary(min_size=32, max_size=32),
            epoch=st.integers(0, 2**32 - 1) | st.integers(0, 10),
        ),
        max_size=4,
    ),
    purpose=words,
    professional=st.none() | st.builds(common_pb2.Professional, id=words, role=words, mandate=words),
    consistency_token=st.binary(max_size=32),
    own_case=st.integers(0, 5),
    declaration_id=words,
)


def read(request: index_pb2.LookupRequest) -> LookupRequest:
    return read_question(request, caller=OIN_VT, door=DOOR, left=None)


@given(requests)
def test_an_error_says_rules_and_never_values(request: index_pb2.LookupRequest) -> None:
    try:
        read(request)
    except InvalidInput as error:
        violations = error.violations
        status = status_of(error)
    else:
        return
    assert violations
    assert set(violations) <= RULES
    said = failure_of(status)
    assert said.message == "; ".join(str(violation) for violation in violations)
    assert [(each.field, each.description) for each in said.field_violations] == [
        (violation.path, violation.rule) for violation in violations
    ]


@given(
    st.sampled_from([(1,), (2,), (1, 2), (3,)]),
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}", fullmatch=True),
    st.none() | st.integers(0, 2**63 - 1),
)
def test_a_well_formed_question_is_read_whole(
    epochs: tuple[int, ...], person_id: str, at_least: int | None
) -> None:
    request = index_pb2.LookupRequest(
        subject=wire_subject("anna", *epochs),
        purpose="crisis",
        professional=common_pb2.Professional(id=person_id, role="behandelaar", mandate="eigen-client"),
        consistency_token=b"" if at_least is None else encode_token(at_least),
        own_case=common_pb2.OWN_CASE_NO,
        declaration_id="0197f0a0-0000-7000-8000-000000000001",
    )
    question = read(request)
    assert question.declaration == "0197f0a0-0000-7000-8000-000000000001"
    assert not question.own_case
    assert question.subject == SEALER.seal(person("anna", *epochs))
    assert question.professional.id == person_id
    assert question.at_least == at_least
    assert question.caller == OIN_VT


@pytest.mark.parametrize("name", ["J. de Vries", "-x", "é", "a/b", "a\n", "x" * 65, ""])
def test_an_id_of_a_professional_that_could_be_free_text_is_refused(name: str) -> None:
    request = index_pb2.LookupRequest(
        subject=wire_subject("anna"),
        purpose="crisis",
        professional=common_pb2.Professional(id=name, role="behandelaar", mandate="eigen-client"),
        own_case=common_pb2.OWN_CASE_NO,
    )
    with pytest.raises(InvalidInput) as caught:
        read(request)
    assert [violation.path for violation in caught.value.violations] == ["professional.id"]


def test_a_pseudonym_of_an_epoch_that_is_over_is_left_out() -> None:
    request = _asked(wire_subject("anna", 2, 9))
    assert read(request).subject == SEALER.seal(person("anna", 2))


@pytest.mark.parametrize("epochs", [(9,), (4,), (1, 4)])
def test_an_epoch_that_is_not_in_use_is_refused(epochs: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(_asked(wire_subject("anna", *epochs)))
    assert caught.value.violations == (
        Violation("subject", "must be a pseudonym of an epoch that is in use"),
    )


def test_who_does_not_say_whether_it_is_an_own_case_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        read(_asked(wire_subject("anna"), own_case=common_pb2.OWN_CASE_UNSPECIFIED))
    assert [violation.path for violation in caught.value.violations] == ["own_case"]


def test_an_own_case_is_read_as_one() -> None:
    assert read(_asked(wire_subject("anna"), own_case=common_pb2.OWN_CASE_YES)).own_case


@pytest.mark.parametrize(
    ("left", "waits"),
    [(None, 5.0), (0.1, 0.0), (2.25, 2.0), (600.0, 30.0)],
    ids=["no deadline", "hardly any time", "two seconds", "ten minutes"],
)
def test_a_question_waits_for_freshness_until_just_before_its_deadline(
    left: float | None, waits: float
) -> None:
    request = _asked(wire_subject("anna"))
    assert read_question(request, caller=OIN_VT, door=DOOR, left=left).patience_seconds == waits


def _asked(
    subject: list[common_pb2.SubjectPseudonym],
    *,
    own_case: common_pb2.OwnCase = common_pb2.OWN_CASE_NO,
) -> index_pb2.LookupRequest:
    return index_pb2.LookupRequest(
        subject=subject,
        purpose="crisis",
        professional=common_pb2.Professional(id="m-1", role="behandelaar", mandate="eigen-client"),
        own_case=own_case,
    )
