"""The values every room speaks: organisations, persons as pseudonyms, and the facts partners assert.

Everything here is immutable and checked when it is made, so that a value that exists is valid. Values that
identify a person (`Bsn`, `Pseudonym`, `Subject`) print as their type only: no log line or traceback can show them.
"""

from __future__ import annotations

from gateway.domain.emergencies import Declaration, Review, ReviewOutcome
from gateway.domain.facts import (
    ConsentEffect,
    ConsentFact,
    Decider,
    Event,
    Fact,
    FactMessage,
    HouseholdFact,
    HouseholdMember,
    InvolvementFact,
    MergeFact,
    MessageId,
    Phase,
    SecrecyClass,
)
from gateway.domain.names import (
    OIN_URN_PREFIX,
    TEST_OIN_PREFIX,
    UUID_FORM,
    Oin,
    PartnerKind,
    Reference,
    is_uuid,
    oin_urn,
    parse_code,
    parse_oin,
    parse_oin_urn,
    parse_reference,
)
from gateway.domain.partners import (
    Desk,
    HouseholdFacts,
    Partner,
    Professional,
    SigningKey,
)
from gateway.domain.persons import (
    LARGEST_BATCH,
    LAST_EPOCH,
    MOST_EPOCHS,
    PSEUDONYM_BYTES,
    Bsn,
    Pseudonym,
    SealedPseudonym,
    Subject,
)
from gateway.domain.refusals import RecordedRefusal

__all__ = [
    "LARGEST_BATCH",
    "LAST_EPOCH",
    "MOST_EPOCHS",
    "OIN_URN_PREFIX",
    "PSEUDONYM_BYTES",
    "TEST_OIN_PREFIX",
    "UUID_FORM",
    "Bsn",
    "ConsentEffect",
    "ConsentFact",
    "Decider",
    "Declaration",
    "Desk",
    "Event",
    "Fact",
    "FactMessage",
    "HouseholdFact",
    "HouseholdFacts",
    "HouseholdMember",
    "InvolvementFact",
    "MergeFact",
    "MessageId",
    "Oin",
    "Partner",
    "PartnerKind",
    "Phase",
    "Professional",
    "Pseudonym",
    "RecordedRefusal",
    "Reference",
    "Review",
    "ReviewOutcome",
    "SealedPseudonym",
    "SecrecyClass",
    "SigningKey",
    "Subject",
    "is_uuid",
    "oin_urn",
    "parse_code",
    "parse_oin",
    "parse_oin_urn",
    "parse_reference",
]
