"""The index in a relational database: one implementation for SQLite and PostgreSQL."""
