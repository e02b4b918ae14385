"""Runs migrations: against the connection a caller hands over, or the database of the settings; or prints their SQL."""

from alembic import context
from sqlalchemy import Connection, create_engine, pool

from app.models import metadata
from app.settings import Settings

target_metadata = metadata


def run_on(connection: Connection) -> None:
    """Migrate over an open connection, each revision in its own transaction."""
    context.configure(
        connection=connection,
        target_metadata=target_metadata,
        transaction_per_migration=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run() -> None:
    """Online when there is a database, offline (SQL on stdout, for the linter) on request."""
    if context.is_offline_mode():
        context.configure(
            dialect_name="postgresql",
            target_metadata=target_metadata,
            literal_binds=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        return
    given = context.config.attributes.get("connection")
    if isinstance(given, Connection):
        run_on(given)
        return
    engine = given or create_engine(Settings().sqlalchemy_url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        run_on(connection)


run()
