"""HL7 v2 messages for tests: an ADT of one synthetic patient, segment by segment."""

from __future__ import annotations

BSN = "123456782"
PID = f"PID|1||{BSN}^^^NLMINBIZA^NNNLD~L1^^^LOCAL^PI||Naam^Voornaam"
HEADER = "MSH|^~\\&|A|B|C|D|20260302||ADT^{}|7|P|2.5"


def pv1(*, visit: str = "V1", admitted: str = "20260301", discharged: str = "") -> str:
    """Return a PV1 with the fields the adapter reads."""
    fields = {1: "1", 2: "I", 19: visit, 44: admitted, 45: discharged}
    return "|".join(["PV1", *(fields.get(number, "") for number in range(1, 46))])


def adt(trigger: str, *segments: str, header: str = HEADER, at: str = "20260302101500") -> bytes:
    """Return an ADT message recorded at `at` (EVN-2)."""
    return "\r".join([header.format(trigger), f"EVN|{trigger}|{at}", *segments]).encode() + b"\r"
