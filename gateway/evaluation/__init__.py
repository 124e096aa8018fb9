"""The pseudonym service's room: evaluates blinded elements for known partners, metered and on record (RFC 9497)."""
