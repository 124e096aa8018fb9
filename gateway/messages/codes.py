"""Canonical names and codes of the project's FHIR profiles. They are names: no host of them is contacted."""

from __future__ import annotations

from gateway.domain import ConsentEffect, ConsentFact, Decider, Event, Oin, Phase

BASE = "https://verwijsindex.nl/fhir"
PSEUDONYM_SYSTEM = f"{BASE}/NamingSystem/pseudonym"
KIND_SYSTEM = f"{BASE}/NamingSystem/partner-kind"
EVENT_SYSTEM = f"{BASE}/CodeSystem/event"
HANDLING_SYSTEM = f"{BASE}/CodeSystem/handling"
PURPOSE_SYSTEM = f"{BASE}/CodeSystem/purpose"
DECIDER_SYSTEM = f"{BASE}/CodeSystem/decider"
ACTOR_ROLE_SYSTEM = f"{BASE}/CodeSystem/actor-role"
POLICY_SYSTEM = f"{BASE}/CodeSystem/policy"
HOUSEHOLD_ROLE_EXTENSION = f"{BASE}/StructureDefinition/household-role"
OIN_SYSTEM = "urn:nld:oin"
PATIENT_PROFILE = "pseudonymous-patient"
MERGE_PROFILE = "subject-merge"
"""A Patient that another one was merged into, or that a merge was undone of; the event says which."""

CONFIDENTIALITY_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
CONSENT_SCOPE_SYSTEM = "http://terminology.hl7.org/CodeSystem/consentscope"
ACT_CODE_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ActCode"

HANDLING_SHIELDED = "shielded"
HANDLING_SUPPRESSED = "suppressed"
ROLE_HOLDER = "holder"
ROLE_ASKER = "asker"
POLICY_CONVENANT = "convenant"
CONSENT_PROFILE = "consent"
STATEMENT_PROFILE = "consent-statement"
"""A Consent on its own, outside a message: the person stands in it, since there is no Patient beside it."""
CONSENT_ACTIVE = "active"
CONSENT_PROPOSED = "proposed"
"""Consent.status of a permit of which it is not established who had to give it: it waits for a review."""
CONSENT_INACTIVE = "inactive"
LINK_REPLACES = "replaces"
"""Patient.link.type: the other one was merged into this one, which is the current one."""
DISCLOSURE = "IDSCL"
"""v3-ActCode: the consent is about disclosing information."""

STATUS_OF_PHASE = {
    Phase.PROVISIONAL: "planned",
    Phase.ACTIVE: "active",
    Phase.ENDED: "finished",
    Phase.RETRACTED: "entered-in-error",
}
PHASE_OF_STATUS = {status: phase for phase, status in STATUS_OF_PHASE.items()}

PHASES_OF_EVENT = {
    Event.INVOLVEMENT_STARTED: {Phase.PROVISIONAL, Phase.ACTIVE},
    Event.INVOLVEMENT_UPDATED: {Phase.PROVISIONAL, Phase.ACTIVE},
    Event.INVOLVEMENT_ENDED: {Phase.ENDED},
    Event.INVOLVEMENT_RETRACTED: {Phase.RETRACTED},
}
EFFECT_OF_EVENT = {
    Event.CONSENT_GIVEN: ConsentEffect.PERMIT,
    Event.CONSENT_OBJECTED: ConsentEffect.OBJECT,
    Event.CONSENT_WITHDRAWN: ConsentEffect.WITHDRAWN,
}

PURPOSES = {
    "coordination-of-care": "coordination of care",
    "safety-assessment": "safety assessment",
    "child-protection-investigation": "child protection investigation",
    "crisis": "crisis",
    "complex-case-triage": "triage of a complex case",
    "early-signalling": "early signalling",
    "subject-access": "access by the subject",
}
"""The purposes that a consent may name. Another one needs a new version of the profile: a free code could be text."""

HOUSEHOLD_ROLES = frozenset(
    {
        *("CHILD", "CHLDADOPT", "CHLDFOST", "DAUC", "SONC", "STPCHLD"),
        *("PRN", "MTH", "FTH", "STPPRN", "STPMTH", "STPFTH", "PRNFOST", "GRPRN", "GRMTH", "GRFTH"),
        *("SIB", "BRO", "SIS", "STPSIB"),
        *("SPS", "HUSB", "WIFE", "DOMPART", "SIGOTHR", "FAMMEMB", "ROOM"),
    }
)
"""HL7 v3-RoleCode: family relationships that a household assertion may name."""


def consent_status(fact: ConsentFact) -> str:
    """Return the Consent.status of a statement: withdrawn, waiting for a review, or standing."""
    if fact.effect is ConsentEffect.WITHDRAWN:
        return CONSENT_INACTIVE
    waits = fact.effect is ConsentEffect.PERMIT and fact.decided_by is Decider.UNDETERMINED
    return CONSENT_PROPOSED if waits else CONSENT_ACTIVE


def profile(name: str) -> str:
    """Return the canonical of one of the project's StructureDefinitions."""
    return f"{BASE}/StructureDefinition/{name}"


def reference_system(oin: Oin) -> str:
    """Return the identifier system of a partner's opaque references."""
    return f"urn:nld:oin:{oin}:reference"


def desk_system(oin: Oin) -> str:
    """Return the identifier system of a partner's desk codes."""
    return f"urn:nld:oin:{oin}:desk"


def message_system(oin: Oin) -> str:
    """Return the identifier system of a partner's message ids."""
    return f"urn:nld:oin:{oin}:message"
