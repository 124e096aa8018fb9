"""The public description of a partner as a TOML file: what `partners add` reads and `init` writes."""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from gateway.domain import Desk, Oin, Partner, PartnerKind, SigningKey
from gateway.errors import ConfigurationError
from gateway.settings import CodeSetting, OinSetting

Name = Annotated[str, StringConstraints(min_length=1, max_length=120)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DeskEntry(_Closed):
    """A contact desk; `contact_via` names the neutral desk that is shown in its place."""

    code: CodeSetting
    name: Name
    telephone: str = ""
    email: str = ""
    contact_via: CodeSetting | None = None


class SigningKeyEntry(_Closed):
    """An Ed25519 public key as 64 hexadecimal digits, with the time in which it counts."""

    kid: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    public_key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    valid_from: AwareDatetime
    valid_until: AwareDatetime


class PartnerFile(_Closed):
    """A partner as its file describes it."""

    oin: OinSetting
    kind: CodeSetting
    name: Name
    active: bool = True
    core_tasks: list[Name] = Field(default_factory=list)
    desks: list[DeskEntry] = Field(min_length=1)
    signing_keys: list[SigningKeyEntry] = Field(default_factory=list)

    def partner(self) -> Partner:
        """Return the domain's value."""
        return Partner(
            oin=Oin(self.oin),
            kind=PartnerKind(self.kind),
            name=self.name,
            active=self.active,
            core_tasks=tuple(self.core_tasks),
            desks=tuple(Desk(**desk.model_dump()) for desk in self.desks),
            signing_keys=tuple(
                SigningKey(
                    kid=key.kid,
                    public_key=bytes.fromhex(key.public_key),
                    valid_from=key.valid_from,
                    valid_until=key.valid_until,
                )
                for key in self.signing_keys
            ),
        )


def read_partner_file(path: Path) -> Partner:
    """Read a partner file; ConfigurationError names the field and the rule."""
    try:
        return PartnerFile(**tomllib.loads(path.read_text("utf-8"))).partner()
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}") from None
    except ValidationError as error:
        rules = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(f"{path} is refused: {rules}") from None


def partner_toml(partner: Partner) -> str:
    """Return the file of a partner."""
    lines = [
        "# What the index knows of this partner: add it with `verwijsindex partners add`.",
        f'oin = "{partner.oin}"',
        f'kind = "{partner.kind}"',
        f"name = {_quoted(partner.name)}",
        f"active = {str(partner.active).lower()}",
        f"core_tasks = [{', '.join(_quoted(task) for task in partner.core_tasks)}]",
    ]
    for desk in partner.desks:
        lines += ["", "[[desks]]", f'code = "{desk.code}"', f"name = {_quoted(desk.name)}"]
        lines += [f"{name} = {_quoted(value)}" for name, value in _contact(desk) if value]
    for key in partner.signing_keys:
        lines += [
            "",
            "[[signing_keys]]",
            f'kid = "{key.kid}"',
            f'public_key = "{key.public_key.hex()}"',
            f"valid_from = {_moment(key.valid_from)}",
            f"valid_until = {_moment(key.valid_until)}",
        ]
    return "\n".join(lines) + "\n"


def _contact(desk: Desk) -> list[tuple[str, str]]:
    return [("telephone", desk.telephone), ("email", desk.email), ("contact_via", desk.contact_via or "")]


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string.
    import json

    return json.dumps(text, ensure_ascii=False)


def _moment(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat()
