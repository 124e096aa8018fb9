"""The demo does the main job, the same on every bus and store, with nothing of the cases past the adapters."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.bus.topics import TopicKind
from gateway.clock import day_of, now
from gateway.domain.dutch import dutch_day
from tests.end_to_end.messages import messages_on
from tests.support.fhir_validator import FhirValidator
from tests.support.trial import COMMAND, clean_environment

HOUSEHOLDS = 12
REAL_HOUSEHOLDS = 200
"""How many `make demo` has."""
LAST_DAY = date(2027, 1, 1)
"""Of the ground on which organisations for youth care see each other, in the example convenant."""


def run_demo(*options: str, households: int = HOUSEHOLDS) -> Any:
    done = subprocess.run(
        [*COMMAND, "demo", "--json", "--households", str(households), *options],
        capture_output=True,
        check=True,
        timeout=600,
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

    def test_what_was_declared_in_the_emergency_is_searched_for_too(self, embedded: tuple[Any, Path]) -> None:
        result, folder = embedded
        region = folder / "region"
        [declared] = [
            told["explanation"]
            for told in orjson.loads((region / "stories.json").read_bytes())
            if told["explanation"]
        ]
        sentences = declared.split(". ")
        assert sentences[-1].startswith("PLANT-")
        planted = orjson.loads((region / "planted.json").read_bytes())
        assert result["planted_texts"] == len(planted) + len(sentences)
        assert declared.encode() not in orjson.dumps(result)

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

    @pytest.mark.parametrize("age", [11, 12, 16])
    def test_consent_counts_when_who_decides_at_that_age_gave_it_and_not_otherwise(
        self, embedded: tuple[Any, Path], age: int
    ) -> None:
        result, _ = embedded
        assert kinds(story(result, f"toestemming-{age}-politie")["shown"]) == {"ggz"}
        other = story(result, f"toestemming-{age}-veilig-thuis")
        assert other["shown"] == []
        assert {"kind": "ggz", "rule": "no-consent", "basis": ""} in other["withheld_in_audit"]
        [why] = [each["conclusion"] for each in other["explanation"]["involvements"] if each["kind"] == "ggz"]
        # At 12 there was consent; at 11 and 16 who may not decide gave it, and so there never was any.
        assert ("gold tot en met" in why) == (age == 12)

    def test_what_names_one_organisation_goes_before_what_names_its_kind(
        self, embedded: tuple[Any, Path]
    ) -> None:
        result, _ = embedded
        assert kinds(story(result, "algemeen-bezwaar-politie")["shown"]) == {"ggz"}
        assert story(result, "algemeen-bezwaar-veilig-thuis")["shown"] == []
        assert story(result, "algemene-toestemming-politie")["shown"] == []
        assert kinds(story(result, "algemene-toestemming-veilig-thuis")["shown"]) == {"ggz"}

    @pytest.mark.parametrize("side", ["oost", "west"])
    def test_a_ground_shows_until_its_last_day_and_the_day_after_is_explained(
        self, embedded: tuple[Any, Path], side: str
    ) -> None:
        result, _ = embedded
        told = story(result, f"wettelijke-termijn-jeugd_ggz_{side}")
        holds = day_of(now()) <= LAST_DAY
        assert kinds(told["shown"]) == ({"jeugd_ggz"} if holds else set())
        statute = told["statute"]
        assert (statute["rule"], statute["ground"]) == ("VIR-1", "Jeugdwet 7.1")
        assert statute["until"] == LAST_DAY.isoformat()
        [other, own] = sorted(
            statute["day_after"]["involvements"], key=lambda each: each["rule"] != "no-consent"
        )
        assert (other["shown"], own["rule"]) == (False, "own-involvement")
        [ended] = [rule for rule in other["rules"] if rule["rule"] == "VIR-1"]
        assert not ended["counts"]
        assert dutch_day(LAST_DAY) in ended["text"]
        [last] = [each for each in statute["last_day"]["involvements"] if each["rule"] != "own-involvement"]
        assert (last["shown"], last["rule"]) == (True, "VIR-1")

    def test_an_own_case_is_refused_and_on_record(self, embedded: tuple[Any, Path]) -> None:
        result, _ = embedded
        told = story(result, "eigen-zaak-veilig-thuis")
        assert (told["refused"], told["reason"], told["shown"]) == ("OWN_CASE", "OWN_CASE", [])
        assert told["explanation"] is None

    def test_break_glass_shows_more_tells_both_sides_and_is_reviewed(
        self, embedded: tuple[Any, Path]
    ) -> None:
        result, _ = embedded
        assert story(result, "noodprocedure-politie")["shown"] == []
        told = story(result, "noodprocedure-politie-verklaard")
        assert kinds(told["shown"]) == {"ggz"}
        assert [verdict["rule"] for verdict in told["shown_in_audit"]] == ["break-glass"]
        emergency = told["emergency"]
        assert emergency["notices"] == {
            "politie": ["declared", "used", "justified"],
            "ggz": ["used", "justified"],
        }
        assert (emergency["reviews_waiting"], emergency["review"]) == ([1, 0], "justified")
        assert emergency["explanation_read_by_officer"]
        [police] = [row for row in emergency["usage"] if row["name"].startswith("Politie")]
        assert (police["declarations"], police["used"], police["unreviewed"]) == (1, 1, 0)
        assert sum(row["declarations"] for row in emergency["usage"]) == 1

    def test_every_answer_is_explained_and_the_explanation_concludes_what_is_on_record(
        self, embedded: tuple[Any, Path]
    ) -> None:
        result, _ = embedded
        for told in result["lookups"]:
            if told["refused"]:
                continue
            explained = [
                {name: each[name] for name in ("kind", "rule", "basis")}
                for each in told["explanation"]["involvements"]
                if each["rule"] != "own-involvement"
            ]
            recorded = [*told["shown_in_audit"], *told["withheld_in_audit"]]
            assert sorted(map(str, explained)) == sorted(map(str, recorded)), told["story"]

    def test_nothing_that_differs_between_two_sites_is_in_the_explanations(
        self, embedded: tuple[Any, Path]
    ) -> None:
        result, folder = embedded
        text = orjson.dumps(result).decode()
        ids = orjson.loads((folder / "site" / "answers.json").read_bytes())
        assert "sha256:" not in text
        for answer in filter(None, ids):
            assert answer["receipt"]["record_id"] not in text
            for line in answer["involvements"]:
                assert line["partner"] not in text

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
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("kafka")
def test_kafka_and_postgres_give_the_same_answers(kafka_bootstrap: str, postgres_url: str) -> None:
    real = run_demo(
        *("--bus", "kafka", "--store", "postgres"),
        *("--kafka-bootstrap", kafka_bootstrap, "--postgres-url", postgres_url),
        households=REAL_HOUSEHOLDS,
    )
    assert real == run_demo(households=REAL_HOUSEHOLDS)


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
