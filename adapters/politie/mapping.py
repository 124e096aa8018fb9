"""Maps a person of a police registration to an involvement; everything else is dropped.

What leaves: that the police are involved with the person, since which day, and the contact desk. The incident
code, the place, what happened, who reported it and which officer wrote it down stay where they are. An incident
says nothing about a household: who was present in one place need not belong together.
"""

from __future__ import annotations

from datetime import date, timedelta, tzinfo

from adapters.kit.dates import not_after, parse_moment
from adapters.kit.fields import contact_desk, parse_flag, parse_secrecy_indication
from adapters.kit.manifest import Manifest
from adapters.kit.model import InvolvementDraft, LeftOut, Mapped, WithoutBsn
from adapters.politie.options import PolitieOptions
from adapters.politie.source import PersonRecord
from gateway.domain import Bsn, Phase, SecrecyClass
from gateway.errors import InvalidInput

LONGEST_NUMBER = 64


def map_person(record: PersonRecord, *, manifest: Manifest, options: PolitieOptions, today: date) -> Mapped:
    """Return the draft of one person; pure.

    A reporter, a witness or an officer is never registered, with or without a BSN.

    Raises:
        WithoutBsn: the person has no BSN.
        InvalidInput: a field breaks a rule.

    """
    if record.person is None:
        return Mapped(left_out=LeftOut.EVENT_NOT_REGISTERED)
    if not _is_registered(record.person.get("rol", ""), manifest, options):
        return Mapped(left_out=LeftOut.ROLE_NOT_REGISTERED)
    number = _number(record.registration)
    since = _incident_day(record.registration, options.zone, today)
    until = since + timedelta(days=options.active_days)
    desk = contact_desk(
        record.registration.get("contactdesk", ""),
        path="contactdesk",
        default=options.desk or manifest.default_desk,
        neutral={},
    )
    # Checked and dropped: the indication suppresses household links, and no household follows from an incident.
    parse_secrecy_indication(record.person.get("indicatiegeheim", ""), path="betrokkenen.indicatieGeheim")
    shielded = parse_flag(record.person.get("afgeschermd", ""), path="betrokkenen.afgeschermd")
    bsn = _person(record.person, number)
    return Mapped(
        drafts=(
            InvolvementDraft(
                key=f"{number}:{bsn.reveal()}",
                bsn=bsn,
                phase=Phase.ENDED if until <= today else Phase.ACTIVE,
                since=since,
                until=until,
                desk=desk,
                secrecy=SecrecyClass.RESTRICTED,
                shielded=shielded,
            ),
        )
    )


def _is_registered(role: str, manifest: Manifest, options: PolitieOptions) -> bool:
    name = " ".join(role.split()).casefold()
    never = options.unregistered_roles or manifest.codes["rol_niet_geregistreerd"]
    if name in {item.casefold() for item in never}:
        return False
    registered = options.registered_roles or manifest.codes["rol"]
    if name in {item.casefold() for item in registered}:
        return True
    raise InvalidInput.at("betrokkenen.rol", "must be one of the roles in the manifest or the settings")


def _incident_day(registration: dict[str, str], zone: tzinfo, today: date) -> date:
    path = "incidentdatumtijd"
    moment = parse_moment(registration.get(path, ""), path=path, zone=zone)
    return not_after(moment.astimezone(zone).date(), today, path=path)


def _number(registration: dict[str, str]) -> str:
    number = registration["registratienummer"]
    if not number or len(number) > LONGEST_NUMBER:
        raise InvalidInput.at("registratienummer", f"must be a number of 1 to {LONGEST_NUMBER} characters")
    return number


def _person(person: dict[str, str], number: str) -> Bsn:
    text = person.get("bsn", "")
    if not text:
        raise WithoutBsn("betrokkenen.bsn", key=number)
    return Bsn(text, path="betrokkenen.bsn")
