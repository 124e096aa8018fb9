"""Nothing fits beside the profile: no text in a listed element, and no element that is not listed."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import MessageRejected
from gateway.messages.build import build_bundle
from gateway.messages.parse import parse_bundle
from tests.messages.places import ELEMENTS, OBJECTS, TEXTS, UNLISTED, VALUES, Place

PLANTED = "Moeder zegt dat hij slaat"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
REMARKS = [
    remarked
    for place in OBJECTS
    for name in ("id", "extension", "modifierExtension", "display", "text", "_value")
    if (remarked := Place(place.golden, (*place.keys, name))) not in ELEMENTS
]
REQUIRED = [
    place
    for place in ELEMENTS
    # What a message may lack: the end of a period, a whole household, and all but the person of a member.
    if place.keys[-1] not in {"end", "member"}
    and ("member" not in place.keys or place.keys[-1] not in {"extension", "period", "start"})
]


def refusal(body: dict[str, Any]) -> MessageRejected:
    with pytest.raises(MessageRejected) as caught:
        parse_bundle(orjson.dumps(body))
    return caught.value


def paths(error: MessageRejected) -> set[str]:
    return {violation.path for violation in error.violations}


@pytest.mark.parametrize("place", TEXTS, ids=lambda place: place.path)
@pytest.mark.parametrize("text", [PLANTED, "", "06-12345678", "999993653", "A\nB"])
def test_no_listed_element_takes_free_text(place: Place, text: str) -> None:
    error = refusal(place.with_value(text))
    assert any(place.element.startswith(path.removesuffix(".resourceType")) for path in paths(error))
    if text:
        assert text not in str(error)


@pytest.mark.parametrize("place", TEXTS, ids=lambda place: place.path)
@pytest.mark.parametrize("value", [None, 7, True, [PLANTED]], ids=repr)
def test_no_listed_element_takes_another_json_type(place: Place, value: Any) -> None:
    assert PLANTED not in str(refusal(place.with_value(value)))


@pytest.mark.parametrize("place", UNLISTED, ids=lambda place: place.path)
def test_every_other_element_of_r4_is_refused_at_its_path(place: Place) -> None:
    error = refusal(place.with_value(PLANTED))
    assert place.element in paths(error)
    assert PLANTED not in str(error)


@pytest.mark.parametrize("place", REMARKS, ids=lambda place: place.path)
def test_no_object_takes_an_element_for_remarks(place: Place) -> None:
    error = refusal(place.with_value(PLANTED))
    assert place.element in paths(error)
    assert PLANTED not in str(error)


@pytest.mark.parametrize("place", REQUIRED, ids=lambda place: place.path)
def test_no_required_element_can_be_left_out(place: Place) -> None:
    parent = Place(place.golden, place.keys[:-1]).element
    assert any(path.startswith((place.element, parent)) for path in paths(refusal(place.without())))


@given(
    place=st.sampled_from(TEXTS),
    words=st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=5),
)
def test_text_of_more_than_one_word_is_refused_everywhere(place: Place, words: list[str]) -> None:
    refusal(place.with_value(" ".join(words)))


@given(
    first=st.sampled_from(VALUES),
    second=st.sampled_from(VALUES),
    other=st.sampled_from(VALUES).map(lambda found: found[1]) | JSON,
)
def test_whatever_stands_wherever_there_is_a_message_or_a_refusal(
    first: tuple[Place, Any], second: tuple[Place, Any], other: Any
) -> None:
    """No body, however odd, ends the reader in another way: one bad message must not stop the rest."""
    for body in (first[0].with_value(other), second[0].without(), first[0].with_value(second[1])):
        try:
            message = parse_bundle(orjson.dumps(body))
        except MessageRejected:
            continue
        assert parse_bundle(build_bundle(message)) == message


def test_the_places_are_all_kinds_of_place() -> None:
    """Guards the tests above: an empty list of places would prove nothing."""
    names = {place.keys[-1] for place in TEXTS}
    assert {"value", "system", "code", "reference", "start", "timestamp", "fullUrl", "endpoint"} <= names
    assert {"name", "birthDate", "text", "diagnosis", "contained", "note"} - {
        place.keys[-1] for place in UNLISTED
    } == {"note"}  # no resource of these messages has one in R4
