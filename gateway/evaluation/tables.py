"""The tables of the service's own database: its audit log, the meters, and how much every partner had evaluated."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table

from gateway.audit.sql import audit_records
from gateway.database import Moment, metadata
from gateway.metering.sql import meters

service_metadata = MetaData(naming_convention=metadata.naming_convention)
"""Every table of this database, and none of the index's."""

for shared in (audit_records, meters):
    shared.to_metadata(service_metadata)

evaluation_usage = Table(
    "evaluation_usage",
    service_metadata,
    Column("hour", Moment, primary_key=True),
    Column("partner", String(20), primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("purpose", String(16), primary_key=True),
    Column("evaluations", BigInteger, nullable=False),
)
