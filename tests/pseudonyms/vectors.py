"""The vectors of RFC 9497, appendix A.1, as this project keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "vectors" / "voprf" / "rfc9497.json"


@dataclass(frozen=True)
class Case:
    """One case: a batch of items under one key; `proof` and `nonce` are empty in the mode that has none."""

    mode: int
    seed: bytes
    info: bytes
    secret: bytes
    public_key: bytes
    inputs: tuple[bytes, ...]
    blinds: tuple[bytes, ...]
    blinded: tuple[bytes, ...]
    evaluated: tuple[bytes, ...]
    outputs: tuple[bytes, ...]
    proof: bytes
    nonce: bytes

    def __str__(self) -> str:
        return f"mode-{self.mode}-{len(self.inputs)}-of-{len(self.inputs[0])}-bytes"


def cases() -> list[Case]:
    """Return every case of both modes."""
    modes = json.loads(FILE.read_bytes())["modes"]
    return [_case(mode, case) for mode in modes for case in mode["cases"]]


def _case(mode: Mapping[str, Any], case: Mapping[str, Any]) -> Case:
    def of_all(name: str) -> tuple[bytes, ...]:
        return tuple(bytes.fromhex(item[name]) for item in case["items"])

    return Case(
        mode=mode["mode"],
        seed=bytes.fromhex(mode["seed"]),
        info=bytes.fromhex(mode["info"]),
        secret=bytes.fromhex(mode["secret"]),
        public_key=bytes.fromhex(mode.get("public_key", "")),
        inputs=of_all("input"),
        blinds=of_all("blind"),
        blinded=of_all("blinded_element"),
        evaluated=of_all("evaluated_element"),
        outputs=of_all("output"),
        proof=bytes.fromhex(case.get("proof", "")),
        nonce=bytes.fromhex(case.get("nonce", "")),
    )
