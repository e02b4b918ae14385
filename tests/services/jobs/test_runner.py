"""Jobs that end before they are done say why."""

from functools import partial
from typing import Any

import pytest

from app.api.v1.schemas.jobs import job_out
from app.errors import NotFound
from app.services.access import Actor
from app.services.jobs import commands
from app.services.jobs.queries import read_job
from app.services.jobs.rules import Piece
from app.services.jobs.runner import Kind, Runner
from tests.builders import Service
from tests.services.sync.desk import Desk


@pytest.mark.parametrize(
    ("scope", "error", "reason"),
    [
        ("sync:write", NotFound(), "refused"),
        ("sync:write", RuntimeError("of nobody's business"), "defect"),
        ("cases:write", None, "not_allowed"),
    ],
)
def test_a_job_that_fails_says_why_and_no_more(
    service: Service, scope: str, error: Exception | None, reason: str
) -> None:
    desk = Desk.new(service)

    async def work(*_: Any) -> Any:
        raise error or AssertionError

    def run(command: Any, **values: Any) -> Any:
        return service.runner.run(service.db.write(partial(command, **values)))

    job_id = run(commands.begin, actor=Actor(desk.caller.client_id), kind="import_cases", options={})
    run(commands.add, job_id=job_id, piece=Piece(1, b"x"))
    run(commands.complete, job_id=job_id)
    runner = Runner(service.database, service.reference, {"import_cases": Kind(scope, work)})
    assert service.runner.run(runner.round())
    row = service.runner.run(read_job(service.db, desk.caller, job_id))
    assert row is not None
    told = [job_out(row, spoken) for spoken in ("vi", "en")]
    assert {(job["state"], job["reason"]) for job in told} == {("failed", reason)}
    assert len({job["detail"] for job in told}) == 2
    assert "nobody" not in str(told)
