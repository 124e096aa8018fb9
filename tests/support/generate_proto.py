"""Generate the Python stubs beside the .proto files: `make proto`. With a folder: write them there instead."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[2]
PROTO = ROOT / "proto"


def generate(target: Path) -> list[Path]:
    """Write `*_pb2.py`, `*_pb2_grpc.py` and their `.pyi` for every .proto below `target`; return their paths."""
    sources = sorted(PROTO.glob("verwijsindex/**/*.proto"))
    arguments = [
        "protoc",
        f"--proto_path={PROTO}",
        f"--proto_path={files('grpc_tools') / '_proto'}",
        f"--python_out={target}",
        f"--pyi_out={target}",
        f"--grpc_python_out={target}",
        f"--mypy_grpc_out={target}",
        *(str(source) for source in sources),
    ]
    if protoc.main(arguments) != 0:
        raise SystemExit("protoc failed; its messages are above")
    return sorted(target.glob("verwijsindex/**/*_pb2*"))


if __name__ == "__main__":
    for path in generate(Path(sys.argv[1]) if len(sys.argv) > 1 else PROTO):
        print(path.name)  # noqa: T201
