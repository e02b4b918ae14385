"""Jobs: long work that is done piece by piece and goes on when a worker ends."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from app.models.base import metadata, one_of, recorded_at, uuid_key
from app.models.codes import JOB_KINDS, JOB_REASONS, JOB_STATES


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


job = Table(
    "job",
    metadata,
    uuid_key(),
    Column("client_id", Text, ForeignKey("client.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("options", JSONB, nullable=False),
    Column("request_id", Uuid),
    Column("chunks", Integer, nullable=False, server_default="0", comment="pieces there are"),
    Column("chunks_done", Integer, nullable=False, server_default="0", comment="pieces done; the next has this number"),
    *(_count(name) for name in ("lines_read", "created", "updated", "unchanged", "stale", "failed")),
    recorded_at(),
    Column(
        "touched_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("clock_timestamp()"),
        comment="when it last got on",
    ),
    Column("person", Text, comment="for whom a portal began it; nobody else of that portal sees it"),
    Column("reason", Text, comment="why it ended before it was done; null of those called off"),
    one_of("kind", JOB_KINDS),
    one_of("state", JOB_STATES),
    one_of("reason", JOB_REASONS),
    Index("ix_job_client_id", "client_id", "id"),
    Index("ix_job_at_work", "id", postgresql_where=text("state IN ('receiving', 'waiting', 'running')")),
    comment="long work, done piece by piece by whichever worker has time",
)

job_chunk = Table(
    "job_chunk",
    metadata,
    Column("job_id", Uuid, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("first_line", BigInteger, nullable=False),
    Column("content", LargeBinary, comment="whole lines as they were sent; gone once they are done"),
    Column("result", LargeBinary, comment="one line about each of them; null until they are done"),
)
