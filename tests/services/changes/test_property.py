"""What the feed promises, proved by a storm. FEED_SECONDS says how long it rages: seconds here, minutes by hand.

FEED_SECONDS=600 .venv/bin/python -m pytest tests/services/changes/test_property.py
"""

import asyncio
import os
from collections.abc import Callable
from datetime import datetime
from typing import Final

import psycopg
import pytest

from tests.services.changes.storm import TABLES, Reader, Storm, check, view

SECONDS: Final = float(os.environ.get("FEED_SECONDS", "6"))


@pytest.mark.timeout(SECONDS + 300)
def test_nothing_is_lost_or_told_twice_and_versions_come_in_order(fresh_database: Callable[[], str]) -> None:
    url = fresh_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLES.encode())
    nation, office, two = Reader(view()), Reader(view(1)), Reader(view(0, 2))
    storm = Storm(url, SECONDS, readers=[nation, office, two])
    asyncio.run(storm.run())
    assert min(storm.kills.values()) > 0, storm.kills
    assert len(nation.changes) > 20 * SECONDS
    check(nation.changes, storm.facts())
    for reader, units in ((office, (1,)), (two, (0, 2))):
        assert reader.changes == _seen(url, units)


def _seen(url: str, units: tuple[int, ...]) -> list[dict[str, object]]:
    """What a reader of these units should have been told, found in the simplest way."""
    paths = [f"vn.s{unit}." for unit in units]
    sql = """
        SELECT position, subject, subject_id, version, action, recorded_at AT TIME ZONE 'UTC', client_id,
            unit_path = ANY (%(paths)s)
        FROM change_record WHERE unit_path = ANY (%(paths)s) OR was_unit_path = ANY (%(paths)s) ORDER BY position"""
    with psycopg.connect(url) as connection:
        return [_told(*row) for row in connection.execute(sql, {"paths": paths})]


def _told(
    position: int, kind: str, thing: str, version: int, action: str, at: datetime, client: str | None, here: bool
) -> dict[str, object]:
    return {
        "position": position,
        "change": "upsert" if here else "left",
        "kind": kind,
        "id": thing,
        "version": version,
        "action": action,
        "recorded_at": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "own": client == view().client_id,
        "current": None,
    }
