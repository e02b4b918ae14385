"""One exchange of two statements: what comes back, and what the connection is good for after it went wrong."""

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from app import roundtrip
from app.roundtrip import fetch_after, numbered
from tests.conftest import new_database

TOLD = ("SELECT set_config('app.client', %s, true)", ("me",))
ASKED = "SELECT current_setting('app.client', true)"


@pytest.fixture(scope="module")
def url(cluster: str) -> Iterator[str]:
    with new_database(cluster) as made:
        yield made


def _run(url: str, *asked: tuple[str, Any]) -> list[Any]:
    """Rows, or the error, of each in turn on one connection."""

    async def run() -> list[Any]:
        answers: list[Any] = []
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            for sql, params in asked:
                try:
                    answers.append(await fetch_after(connection, TOLD, sql, params))
                except psycopg.Error as error:
                    answers.append(type(error))
        return answers

    return asyncio.run(run())


def test_places_become_numbers() -> None:
    assert numbered("a %(x)s b %(y)s c %(x)s 10 %% 3") == (b"a $1 b $2 c $1 10 % 3", ("x", "y"))
    assert numbered("a %s b %s") == (b"a $1 b $2", ())


def test_the_first_statement_holds_for_the_second_and_no_longer(url: str) -> None:
    async def run() -> tuple[Any, Any]:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            within = await fetch_after(connection, TOLD, ASKED, ())
            return within, await (await connection.execute(ASKED.encode())).fetchall()

    assert asyncio.run(run()) == ([("me",)], [("",)])


def test_values_of_every_kind_arrive(url: str) -> None:
    sql = "SELECT %(n)s::bigint, %(t)s::text, %(l)s::text[], %(none)s::int, %(n)s::bigint + 1, 7 %% 4"
    values = {"n": 2**40, "t": "Đỗ Thị Ớt'; --", "l": ["a", "b,c"], "none": None, "unused": 1}
    once = [(2**40, "Đỗ Thị Ớt'; --", ["a", "b,c"], None, 2**40 + 1, 3)]
    assert _run(url, (sql, values), (sql, {**values, "n": 1}), (sql, values)) == [
        once,
        [(1, *once[0][1:4], 2, 3)],
        once,
    ]


def test_errors_are_told_and_leave_the_connection_usable(url: str) -> None:
    assert _run(
        url,
        ("SELECT 1 / %s", [0]),
        ("SELEC 1", ()),
        ("SELECT pg_sleep(%s)", ["soon"]),
        (ASKED, ()),
    ) == [
        psycopg.errors.DivisionByZero,
        psycopg.errors.SyntaxError,
        psycopg.errors.InvalidTextRepresentation,
        [("me",)],
    ]


def test_no_more_is_kept_prepared_than_so_much(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roundtrip, "KEPT", 5)
    asked = [(f"SELECT {number}", ()) for number in (*range(20), 0, 19)]
    counted = ("SELECT count(*) FROM pg_prepared_statements", ())
    *answers, [(kept,)] = _run(url, *asked, counted)
    assert answers == [[(number,)] for number in (*range(20), 0, 19)]
    assert kept == 5


def test_what_fails_leaves_nothing_prepared_behind(url: str) -> None:
    failing = [("SELECT 1 / %s", [0])] * 5
    *_, [(kept,)] = _run(url, *failing, ("SELECT count(*) FROM pg_prepared_statements", ()))
    assert kept == 2  # the first statement, and the one that counts


def test_an_answer_longer_than_any_buffer_is_read_whole(url: str) -> None:
    [rows] = _run(url, ("SELECT n, repeat('x', 1000) FROM generate_series(1, %s) n", [20_000]))
    assert [row[0] for row in rows] == list(range(1, 20_001))


def test_a_question_longer_than_any_buffer_is_sent_whole(url: str) -> None:
    assert _run(url, ("SELECT length(%s)", ["x" * 20_000_000])) == [[(20_000_000,)]]


def test_a_lost_connection_is_an_error(url: str) -> None:
    answers = _run(url, ("SELECT pg_terminate_backend(pg_backend_pid())", ()), ("SELECT 1", ()))
    assert all(issubclass(answer, psycopg.OperationalError) for answer in answers)


def test_who_is_cancelled_stops_the_query(url: str) -> None:
    async def run() -> tuple[TransactionStatus, list[Any]]:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            task = asyncio.create_task(fetch_after(connection, TOLD, "SELECT pg_sleep(60)", ()))
            await asyncio.sleep(0.3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return TransactionStatus(connection.pgconn.transaction_status), await fetch_after(
                connection, TOLD, ASKED, ()
            )

    assert asyncio.run(asyncio.wait_for(run(), 10)) == (TransactionStatus.IDLE, [("me",)])
