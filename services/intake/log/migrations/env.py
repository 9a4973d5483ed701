"""Runs migrations on the connection that intake opened."""

from alembic import context

from services.intake.log.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table="intake_schema_version",
)
context.run_migrations()
