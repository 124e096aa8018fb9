"""The closed profile of a message Bundle: the one table of what may pass, element by element (FHIR R4).

`profiles/*.json` say the same to other FHIR tools; `tests/messages/test_profiles.py` proves that both agree.
No listed element can hold free text: every string is a code, an identifier of a fixed form, or a date.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from gateway import strict_json
from gateway.domain import MOST_EPOCHS, OIN_URN_PREFIX, UUID_FORM, Decider, Event, SecrecyClass
from gateway.domain.consenting import MOST_ORGANISATIONS
from gateway.errors import MessageRejected, RejectionReason, Violation
from gateway.messages import codes
from gateway.messages.schema import Closed, Many, OneKindOf, one_of, text, violations

MOST_VIOLATIONS = 20
"""A receipt names so many at most: enough to repair a mapping, too few to be a channel."""

_EVENT_PATH = "Bundle.entry[0].resource.eventCoding.code"

MOST_MEMBERS = 64
MOST_KINDS = 40
MOST_PURPOSES = len(codes.PURPOSES)

_OIN = text(r"\d{20}", "must be an OIN of exactly 20 digits")
_CODE = text(r"(?=.{1,64}$)[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*", "must be a lower-case code")
_REFERENCE = text(
    # Nothing of digits alone: a BSN, a telephone number or a bare file number is not opaque.
    r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
    "must be an opaque reference of 1 to 64 characters, not of digits alone",
)
_UUID = text(UUID_FORM, "must be a UUID")
_UUID_URN = text(rf"urn:uuid:{UUID_FORM}", "must be urn:uuid: and a UUID")
_OIN_URN = text(rf"{OIN_URN_PREFIX}\d{{20}}", f"must be {OIN_URN_PREFIX} and an OIN")
_PSEUDONYM = text(
    r"[1-9]\d{0,3}:[0-9a-f]{64}", "must be an epoch, a colon and 64 lower-case hexadecimal digits"
)
_DATE = text(r"\d{4}-\d{2}-\d{2}", "must be a whole date, YYYY-MM-DD")
_INSTANT = text(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})",
    "must be an instant with a time zone",
)


def _system_of(suffix: str) -> Any:
    return text(rf"{OIN_URN_PREFIX}\d{{20}}:{suffix}", f"must be {OIN_URN_PREFIX}<oin>:{suffix}")


def _coding(system: str, code: Any) -> Closed:
    return Closed({"system": one_of(system), "code": code})


def _concept(coding: Closed | OneKindOf) -> Closed:
    return Closed({"coding": Many(coding)})


def _of_systems(codings: dict[str, Any]) -> OneKindOf:
    """Return a coding of one of several systems, each with codes of its own."""
    return OneKindOf("system", {system: _coding(system, code) for system, code in codings.items()})


def _meta(name: str, *, labels: Many | None = None, may_have: Many | None = None) -> Closed:
    """Return the meta of a profile; `labels` are security labels it must have, `may_have` those it can have."""
    required: dict[str, Any] = {"profile": Many(one_of(codes.profile(name)))}
    return Closed(
        required | ({"security": labels} if labels else {}), {"security": may_have} if may_have else {}
    )


def _handling(*values: str) -> Closed:
    return _coding(codes.HANDLING_SYSTEM, one_of(*values))


_LINK = Closed({"reference": _UUID_URN})
_ORGANIZATION = Closed({"identifier": Closed({"system": one_of(codes.OIN_SYSTEM), "value": _OIN})})
_OPAQUE_REFERENCE = Closed({"system": _system_of("reference"), "value": _REFERENCE})
_OWN_IDENTIFIER = Many(_OPAQUE_REFERENCE)
_PSEUDONYM_IDENTIFIER = Closed({"system": one_of(codes.PSEUDONYM_SYSTEM), "value": _PSEUDONYM})
_OPEN_PERIOD = Closed({}, {"start": _DATE, "end": _DATE})
_PERIOD = Closed({"start": _DATE}, {"end": _DATE})
_SECURITY_LABEL = _of_systems(
    {
        codes.CONFIDENTIALITY_SYSTEM: one_of(*SecrecyClass),
        codes.HANDLING_SYSTEM: one_of(codes.HANDLING_SHIELDED),
    }
)

MESSAGE_HEADER = Closed(
    {
        "resourceType": one_of("MessageHeader"),
        "meta": _meta("message-header"),
        "eventCoding": _coding(codes.EVENT_SYSTEM, one_of(*Event)),
        "source": Closed({"endpoint": _OIN_URN}),
        "focus": Many(_LINK),
    }
)
EPISODE_OF_CARE = Closed(
    {
        "resourceType": one_of("EpisodeOfCare"),
        "meta": _meta("involvement", labels=Many(_SECURITY_LABEL, 1, 2)),
        "identifier": _OWN_IDENTIFIER,
        "status": one_of(*codes.PHASE_OF_STATUS),
        "patient": _LINK,
        "managingOrganization": _ORGANIZATION,
        "period": _PERIOD,
        "team": Many(Closed({"identifier": Closed({"system": _system_of("desk"), "value": _CODE})})),
    }
)
PATIENT = Closed(
    {
        "resourceType": one_of("Patient"),
        "meta": _meta(codes.PATIENT_PROFILE),
        "identifier": Many(_PSEUDONYM_IDENTIFIER, 1, MOST_EPOCHS),
    }
)
SUBJECT_MERGE = Closed(
    {
        "resourceType": one_of("Patient"),
        "meta": _meta(codes.MERGE_PROFILE),
        # Its pseudonyms, and the reference of the merge itself.
        "identifier": Many(
            OneKindOf("system", {codes.PSEUDONYM_SYSTEM: _PSEUDONYM_IDENTIFIER}, otherwise=_OPAQUE_REFERENCE),
            2,
            MOST_EPOCHS + 1,
        ),
        "managingOrganization": _ORGANIZATION,
        "link": Many(Closed({"other": _LINK, "type": one_of(codes.LINK_REPLACES)})),
    }
)
ROLE = one_of(*codes.HOUSEHOLD_ROLES)
_MEMBER = Closed(
    {"entity": _LINK},
    {
        "period": _OPEN_PERIOD,
        "extension": Many(Closed({"url": one_of(codes.HOUSEHOLD_ROLE_EXTENSION), "valueCode": ROLE})),
    },
)
GROUP = Closed(
    {
        "resourceType": one_of("Group"),
        "meta": _meta("household", may_have=Many(_handling(codes.HANDLING_SUPPRESSED))),
        "identifier": _OWN_IDENTIFIER,
        "type": one_of("person"),
        "actual": one_of(True),  # noqa: FBT003 - the element's one value
        "managingEntity": _ORGANIZATION,
    },
    {"member": Many(_MEMBER, 1, MOST_MEMBERS)},
)
_ACTOR = Closed(
    {
        "role": _concept(_coding(codes.ACTOR_ROLE_SYSTEM, one_of(codes.ROLE_HOLDER, codes.ROLE_ASKER))),
        # A kind of partner, or one organisation of such a kind.
        "reference": Closed(
            {
                "identifier": OneKindOf(
                    "system",
                    {
                        codes.KIND_SYSTEM: Closed({"system": one_of(codes.KIND_SYSTEM), "value": _CODE}),
                        codes.OIN_SYSTEM: Closed({"system": one_of(codes.OIN_SYSTEM), "value": _OIN}),
                    },
                )
            }
        ),
    }
)
_CATEGORY = _concept(
    _of_systems({codes.ACT_CODE_SYSTEM: one_of(codes.DISCLOSURE), codes.DECIDER_SYSTEM: one_of(*Decider)})
)


def _consent(name: str, patient: Closed) -> Closed:
    return Closed(
        {
            "resourceType": one_of("Consent"),
            "meta": _meta(name),
            "identifier": _OWN_IDENTIFIER,
            "status": one_of(codes.CONSENT_ACTIVE, codes.CONSENT_PROPOSED, codes.CONSENT_INACTIVE),
            "scope": _concept(_coding(codes.CONSENT_SCOPE_SYSTEM, one_of("patient-privacy"))),
            "category": Many(_CATEGORY, 2, 2),
            "patient": patient,
            "organization": Many(_ORGANIZATION),
            "policyRule": _concept(_coding(codes.POLICY_SYSTEM, one_of(codes.POLICY_CONVENANT))),
            "provision": Closed(
                {
                    "type": one_of("permit", "deny"),
                    "period": _PERIOD,
                    "actor": Many(_ACTOR, 2, 2 * (MOST_KINDS + MOST_ORGANISATIONS)),
                    "purpose": Many(_coding(codes.PURPOSE_SYSTEM, one_of(*codes.PURPOSES)), 1, MOST_PURPOSES),
                }
            ),
        }
    )


CONSENT = _consent(codes.CONSENT_PROFILE, _LINK)
CONSENT_STATEMENT = _consent(codes.STATEMENT_PROFILE, Closed({"identifier": _PSEUDONYM_IDENTIFIER}))
"""No resource of a message: how a statement leaves the index for the partner that recorded it."""
RESOURCES = OneKindOf(
    "resourceType",
    {
        "MessageHeader": MESSAGE_HEADER,
        "EpisodeOfCare": EPISODE_OF_CARE,
        "Patient": OneKindOf(
            "meta.profile[0]",
            {
                codes.profile(codes.PATIENT_PROFILE): PATIENT,
                codes.profile(codes.MERGE_PROFILE): SUBJECT_MERGE,
            },
        ),
        "Group": GROUP,
        "Consent": CONSENT,
    },
)
BUNDLE = Closed(
    {
        "resourceType": one_of("Bundle"),
        "meta": _meta("message"),
        "identifier": Closed({"system": _system_of("message"), "value": _UUID}),
        "type": one_of("message"),
        "timestamp": _INSTANT,
        "entry": Many(Closed({"fullUrl": _UUID_URN, "resource": RESOURCES}), 2, MOST_MEMBERS + 2),
    }
)


def read_closed(value: bytes) -> dict[str, Any]:
    """Return the JSON of a message after the closed profile was checked.

    Raises:
        MessageRejected: NOT_JSON (also for a name that stands twice in one object, where two readers could
            see two messages), UNKNOWN_EVENT where nothing but the event code is wrong, or PROFILE with at most
            MOST_VIOLATIONS broken rules.

    """
    try:
        document = strict_json.read(value)
    except ValueError:
        raise MessageRejected(
            RejectionReason.NOT_JSON, Violation("value", "must be UTF-8 JSON, every name once in its object")
        ) from None
    broken = list(islice(violations(document, BUNDLE, "Bundle"), MOST_VIOLATIONS))
    if broken:
        only_event = {violation.path for violation in broken} == {_EVENT_PATH}
        raise MessageRejected(
            RejectionReason.UNKNOWN_EVENT if only_event else RejectionReason.PROFILE, broken
        )
    checked: dict[str, Any] = document
    return checked
