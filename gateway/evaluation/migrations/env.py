"""Run by Alembic: migrate over the connection that the caller opened."""

from alembic import context

from gateway.evaluation.tables import service_metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=service_metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
