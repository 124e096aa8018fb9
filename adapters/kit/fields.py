"""Fields that several sources share: yes or no, the *indicatie geheim*, a contact desk."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain import parse_code
from gateway.errors import InvalidInput

_YES = {"j", "ja", "true", "1"}
_NO = {"", "n", "nee", "false", "0"}
_SECRET = _YES | {"2", "3", "4", "5", "6", "7"}


def parse_flag(text: str, *, path: str) -> bool:
    """Return J or N (also ja/nee, true/false, 1/0; empty is N); InvalidInput at `path` for anything else."""
    text = text.strip().casefold()
    if text in _YES or text in _NO:
        return text in _YES
    raise InvalidInput.at(path, "must be J or N")


def parse_secrecy_indication(text: str, *, path: str) -> bool:
    """Return whether a person has the *indicatie geheim* (BRP 70.10: 0 none, 1 to 7 some), or J or N.

    Raises:
        InvalidInput: at `path` for anything else: a doubtful indication never counts as none.

    """
    text = text.strip().casefold()
    if text in _SECRET or text in _NO:
        return text in _SECRET
    raise InvalidInput.at(path, "must be an indication of 0 to 7, or J or N")


def contact_desk(text: str, *, path: str, default: str, neutral: Mapping[str, str]) -> str:
    """Return the code of the desk to name: `default` where the record names none.

    `neutral` maps the desk of a shelter to the neutral desk that stands for it, so that the shelter's own code
    never leaves.

    Raises:
        InvalidInput: at `path`, when the text is no code.

    """
    code = text.strip().casefold() or default
    return parse_code(neutral.get(code, code), path=path)
