"""The demo does the main job, the same on every bus and store, with nothing of the cases past the adapters."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.bus.topics import TopicKind
from tests.end_to_end.messages import messages_on
from tests.support.fhir_validator import FhirValidator
from tests.support.trial import COMMAND, clean_environment

HOUSEHOLDS = "12"


def run_demo(*options: str) -> Any:
    done = subprocess.run(
        [*COMMAND, "demo", "--json", "--households", HOUSEHOLDS, *options],
        capture_output=True,
        check=True,
        timeout=300,
        env=clean_environment(),
    )
    return orjson.loads(done.stdout)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    folder = tmp_path_factory.mktemp("demo") / "kept"
    return run_demo("--keep", str(folder)), folder


def story(result: Any, id_: str) -> Any:
    return next(lookup for lookup in result["lookups"] if lookup["story"] == id_)


def kinds(lines: Sequence[Any]) -> set[str]:
    return {line["kind"] for line in lines}


@pytest.mark.xdist_group("demo")
class TestEmbedded:
    def test_it_counts_what_it_did(self, embedded: tuple[Any, Path]) -> None:
        result, _ = embedded
        assert result["records"] > 50
        assert result["messages"] == result["indexed"] > 50
        assert result["dead_letters"] == 0
        assert result["audit_records"] > result["messages"]
        # Every person of every record goes through the pseudonym service, and every question does.
        assert result["evaluations"] > result["records"] - sum(
            each["without_bsn"] + each["left_out"] + each["rejected"] for each in result["adapters"].values()
        )
        assert len(result["lookups"]) >= 6

    def test_no_planted_text_is_found_past_the_adapters(self, embedded: tuple[Any, Path]) -> None:
        result, _ = embedded
        assert result["planted_texts"] > 50
        assert result["planted_texts_found"] == 0

    def test_three_partners_on_one_family_see_each_other_with_consent(
        self, embedded: tuple[Any, Path]
    ) -> None:
        result, _ = embedded
        everyone = {"veilig_thuis", "ggz", "politie"}
        for kind in everyone:
            assert kinds(story(result, f"toestemming-{kind}")["shown"]) == everyone - {kind}

    def test_without_consent_ggz_is_shown_to_veilig_thuis_and_not_to_the_police(
        self, embedded: tuple[Any, Path]
    ) -> None:
        result, _ = embedded
        assert "ggz" in kinds(story(result, "zonder-toestemming-veilig_thuis")["shown"])
        police = story(result, "zonder-toestemming-politie")
        assert "ggz" not in kinds(police["shown"])
        assert kinds(police["withheld_in_audit"]) == {"ggz"}

    def test_a_shelter_shows_as_a_neutral_desk_and_a_secret_address_links_nobody(
        self, embedded: tuple[Any, Path]
    ) -> None:
        result, _ = embedded
        assert {line["desk"] for line in story(result, "opvang-politie")["shown"]} == {
            "Contact via Veilig Thuis"
        }
        assert "ggz" not in kinds(story(result, "geheim-adres-veilig-thuis")["shown"])
        assert story(result, "afgeschermd-politie")["shown"] == []

    def test_a_child_belongs_to_two_households_and_a_parent_to_one(self, embedded: tuple[Any, Path]) -> None:
        result, _ = embedded
        assert kinds(story(result, "twee-huishoudens-kind")["shown"]) == {"ggz"}
        assert story(result, "twee-huishoudens-moeder")["shown"] == []

    @pytest.mark.parametrize(
        "id_", ["beeindigd-veilig-thuis", "bezwaar-politie", "niemand-veilig-thuis", "vissen-politie"]
    )
    def test_ended_objected_nobody_and_fishing_all_give_the_empty_answer(
        self, embedded: tuple[Any, Path], id_: str
    ) -> None:
        result, _ = embedded
        assert story(result, id_)["shown"] == []

    def test_the_same_seed_gives_the_same_object(self, embedded: tuple[Any, Path]) -> None:
        assert run_demo() == embedded[0]

    @pytest.mark.services
    def test_the_fhir_validator_accepts_every_message_of_the_demo(self, embedded: tuple[Any, Path]) -> None:
        result, folder = embedded
        messages = messages_on(folder / "site" / "data" / "bus.sqlite3", TopicKind.INGRESS)
        assert len(messages) == result["messages"]
        with FhirValidator() as validator:
            refused = [errors for message in messages if (errors := validator.errors(message))]
        assert refused == []


@pytest.mark.services
@pytest.mark.xdist_group("kafka")
def test_kafka_and_postgres_give_the_same_answers(kafka_bootstrap: str, postgres_url: str) -> None:
    real = run_demo(
        *("--bus", "kafka", "--store", "postgres"),
        *("--kafka-bootstrap", kafka_bootstrap, "--postgres-url", postgres_url),
    )
    assert real == run_demo()


def test_a_service_that_is_not_named_is_a_usage_error() -> None:
    done = subprocess.run(
        [*COMMAND, "demo", "--bus", "kafka"],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        env={name: value for name, value in clean_environment().items() if name != "KAFKA_BOOTSTRAP"},
    )
    assert done.returncode == 2
    assert "KAFKA_BOOTSTRAP" in done.stderr
