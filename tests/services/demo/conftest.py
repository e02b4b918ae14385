"""A demo book at a five-hundredth of the nation, in a database of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from app.services.demo.load import Summary, load
from tests.conftest import new_database

SCALE = 0.002
SEED = 7


@dataclass(frozen=True)
class Book:
    """A loaded book."""

    url: str
    summary: Summary
    steps: list[tuple[str, int, int]]

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The answer of one statement."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement.encode()).fetchall()

    def row(self, statement: str) -> tuple[Any, ...]:
        """The only row of one statement."""
        (row,) = self.rows(statement)
        return row


@pytest.fixture(scope="session")
def book(cluster: str) -> Iterator[Book]:
    """The book; tests only read it."""
    steps: list[tuple[str, int, int]] = []
    with new_database(cluster) as url:
        summary = load(url, scale=SCALE, seed=SEED, progress=lambda *step: steps.append(step))
        yield Book(url, summary, steps)
