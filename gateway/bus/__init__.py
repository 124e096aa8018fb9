"""Durable topics between partners and index: embedded in one file, or Apache Kafka."""
