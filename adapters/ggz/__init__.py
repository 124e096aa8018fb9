"""The GGZ adapter: HL7 v2 ADT messages, from files or over MLLP, without anything of the treatment."""

from adapters.ggz.adapter import GgzAdapter

ADAPTER = GgzAdapter()
