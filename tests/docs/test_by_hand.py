"""The by-hand steps of the README, from `init` to the access log, then the same question two other ways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.docs.by_hand import Walk, follow, with_expectation
from tests.docs.grpcurl import BUILD_SECONDS, folder_of_grpcurl
from tests.docs.pages import blocks_of, missing_line

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("readme")]


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The README followed by hand in a new folder, with its index still running."""
    with follow("README.md", tmp_path_factory.mktemp("by-hand")) as followed:
        yield followed


def test_every_step_prints_what_the_readme_says(walk: Walk) -> None:
    assert len(walk.outputs) >= 3
    for expected, output in walk.outputs:
        line = missing_line(expected.text, output)
        assert line is None, f"README.md line {expected.line}: no line like {line!r} in:\n{output}"


def test_the_content_of_the_readmes_records_is_nowhere_in_its_site(walk: Walk) -> None:
    files = [path for path in walk.folder.joinpath("site").rglob("*") if path.is_file()]
    assert b"SYNTHETISCH" in (walk.folder / "casussen.csv").read_bytes()
    assert any(path.suffix == ".sqlite3" for path in files)
    assert [path for path in files if b"SYNTHETISCH" in path.read_bytes()] == []
    assert "SYNTHETISCH" not in (walk.folder / "serve.log").read_text()


def test_the_same_question_from_python_has_the_same_answer(walk: Walk) -> None:
    _run_and_compare(walk, "by-hand", "python")


@pytest.mark.timeout(2 * BUILD_SECONDS)
def test_the_same_question_with_grpcurl_has_the_same_answer(walk: Walk) -> None:
    walk.tools = folder_of_grpcurl()
    _run_and_compare(walk, "by-hand-grpcurl", "bash")


def _run_and_compare(walk: Walk, word: str, language: str) -> None:
    [(block, expected)] = with_expectation(blocks_of("README.md"), word, language)
    assert expected is not None
    output = walk.run(block)
    line = missing_line(expected.text, output)
    assert line is None, f"README.md line {expected.line}: no line like {line!r} in:\n{output}"


def test_an_expected_line_must_be_in_the_output_in_order() -> None:
    output = "een  twee\ndrie vier vijf\n"
    assert missing_line("een twee\ndrie … vijf\n", output) is None
    assert missing_line("drie … vijf\neen twee\n", output) == "een twee"
    assert missing_line("vijf … drie\n", output) == "vijf … drie"
