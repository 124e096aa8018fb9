"""The profile files say what the closed table says, and an independent validator agrees with both."""

from __future__ import annotations

import os
from collections.abc import Iterator

import orjson
import pytest

from gateway.domain import ConsentFact
from gateway.messages.build import build_statement
from tests.messages.places import TEXTS, Place
from tests.messages.vectors import FOLDER, INVALID, PLANTED, VALID
from tests.support.facts import person
from tests.support.fhir_validator import FhirValidator
from tests.support.generate_profiles import TARGET, documents, rendered
from tests.support.postgres import ServiceMissing

BEYOND_FHIR = {
    "organization-of-another-partner",
    "one-epoch-twice",
    "merge-of-another-partner",
    "merge-with-oneself",
    "merge-without-a-reference",
    "consent-that-names-too-many-organisations",
    "consent-that-waits-and-is-active",
    "consent-that-is-proposed-and-waits-for-nothing",
    "objection-that-is-proposed",
    "consent-of-organisations-alone",
}
"""Invalid messages that only this project's own reader refuses: two elements of one message must agree."""


def test_the_files_are_what_the_table_gives() -> None:
    """Run `python -m tests.support.generate_profiles` after a change of the table."""
    found = {path.name: path.read_bytes() for path in TARGET.glob("*.json")}
    assert found == {name: rendered(document) for name, document in documents().items()}


@pytest.mark.services
@pytest.mark.xdist_group("fhir-validator")
class TestHapi:
    @pytest.fixture(scope="class")
    @classmethod
    def validator(cls) -> Iterator[FhirValidator]:
        try:
            with FhirValidator() as running:
                yield running
        except ServiceMissing as error:
            if os.environ.get("REQUIRE_SERVICES") == "1":
                pytest.fail(f"the FHIR validator is required and missing: {error}")
            pytest.skip(f"no FHIR validator: {error}")

    @pytest.mark.parametrize("place", TEXTS, ids=lambda place: place.path)
    def test_it_rejects_text_in_every_element_that_the_table_lists(
        self, validator: FhirValidator, place: Place
    ) -> None:
        assert validator.errors(orjson.dumps(place.with_value(PLANTED)))

    def test_it_accepts_every_golden_message(self, validator: FhirValidator) -> None:
        refused = {
            path.stem: errors
            for path in sorted((FOLDER / "valid").iterdir())
            if (errors := validator.errors(path.read_bytes()))
        }
        assert refused == {}

    @pytest.mark.parametrize(
        "name", ["consent-given-to-organisations", "consent-given-by-nobody-knows-whom", "consent-withdrawn"]
    )
    def test_it_accepts_a_statement_on_its_own(self, validator: FhirValidator, name: str) -> None:
        fact = VALID[name].fact
        assert isinstance(fact, ConsentFact)
        statement = build_statement(fact, person("bram", 1, 2))
        assert validator.errors(statement) == []
        planted = orjson.loads(statement)
        planted["patient"]["display"] = PLANTED
        assert validator.errors(orjson.dumps(planted))

    @pytest.mark.parametrize("name", sorted(set(INVALID) - BEYOND_FHIR))
    def test_it_rejects_an_invalid_message(self, validator: FhirValidator, name: str) -> None:
        assert validator.errors((FOLDER / "invalid" / f"{name}.json").read_bytes())
