"""What becomes of errors of the database: some mean something to a caller, the rest may be logged."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Within
from app.errors import Busy
from tests.builders import Service

TABLE = "CREATE TEMP TABLE kept (name text PRIMARY KEY, phone text CHECK (phone <> '0912')) ON COMMIT DROP"
INSERT = "INSERT INTO kept VALUES ('Chích Choè', '0911'), ('{}', '{}')"


@pytest.mark.parametrize("values", [("Vàng Anh", "0912"), ("Chích Choè", "0913")])
@pytest.mark.parametrize("by_sqlalchemy", [True, False])
def test_an_error_says_what_is_wrong_and_not_with_whom(
    service: Service, values: tuple[str, str], by_sqlalchemy: bool
) -> None:
    async def work(session: AsyncSession) -> Any:
        await session.execute(text(TABLE))
        if by_sqlalchemy:
            return await session.execute(text(INSERT.format(*values)))
        return await Within(session).fetch(INSERT.format(*values))

    with pytest.raises(Exception, match="violates") as raised:
        service.runner.run(service.db.write(work))
    error: BaseException | None = raised.value
    assert isinstance(error, IntegrityError) is by_sqlalchemy
    while error is not None:
        assert "Key (" not in str(error)
        assert "row contains" not in str(error)
        error = error.__cause__ or error.__context__


def test_a_slow_read_within_a_change_is_busy(service: Service) -> None:
    async def work(session: AsyncSession) -> Any:
        await session.execute(text("SET LOCAL statement_timeout = 50"))
        return await Within(session).fetch("SELECT pg_sleep(5)")

    with pytest.raises(Busy):
        service.runner.run(service.db.write(work))
