"""The values every room speaks: organisations, persons as pseudonyms, and the facts partners assert.

Everything here is immutable and checked when it is made, so that a value that exists is valid. Values that
identify a person (`Bsn`, `Pseudonym`, `Subject`) print as their type only: no log line or traceback can show them.
"""

from __future__ import annotations

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
    Oin,
    PartnerKind,
    Reference,
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

__all__ = [
    "LARGEST_BATCH",
    "LAST_EPOCH",
    "MOST_EPOCHS",
    "OIN_URN_PREFIX",
    "PSEUDONYM_BYTES",
    "TEST_OIN_PREFIX",
    "Bsn",
    "ConsentEffect",
    "ConsentFact",
    "Decider",
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
    "Reference",
    "SealedPseudonym",
    "SecrecyClass",
    "SigningKey",
    "Subject",
    "oin_urn",
    "parse_code",
    "parse_oin",
    "parse_oin_urn",
    "parse_reference",
]
