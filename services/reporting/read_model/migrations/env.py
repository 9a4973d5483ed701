"""Runs revisions on the connection that `services.reporting.migrate` hands over; the transaction is its own."""

from alembic import context

from services.reporting.read_model.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="reporting_revision",
    transactional_ddl=True,
)
context.run_migrations()
