"""Jobs whose worker is gone, and old ones."""

from functools import partial
from typing import Any

from app.services.access import Actor
from app.services.jobs import commands
from app.services.jobs.rules import Piece
from tests.builders import Service
from tests.services.sync.desk import Desk


def test_stalled_uploads_end_and_old_jobs_are_forgotten(service: Service) -> None:
    desk = Desk.new(service)

    def run(command: Any, **values: Any) -> Any:
        return service.runner.run(service.db.write(partial(command, **values)))

    def aged(job_id: str, age: str) -> None:
        sql = "UPDATE job SET touched_at = now() - %s::interval WHERE id = %s::uuid RETURNING 1"
        assert desk.rows(sql, age, job_id)

    def state(job_id: str) -> list[Any]:
        sql = "SELECT j.state, k.content FROM job j JOIN job_chunk k ON k.job_id = j.id WHERE j.id = %s::uuid"
        return desk.rows(sql, job_id)

    begun = {"actor": Actor(desk.caller.client_id), "kind": "import_cases", "options": {}}
    stalled, fresh, old = (run(commands.begin, **begun) for _ in range(3))
    for job_id in (stalled, fresh, old):
        run(commands.add, job_id=job_id, piece=Piece(1, b"x"))
    run(commands.end, job_id=old, state="cancelled")
    aged(stalled, "11 minutes")
    aged(old, "31 days")
    run(commands.tidy)
    assert state(stalled) == [("incomplete", None)]
    assert state(fresh) == [("receiving", b"x")]
    assert state(old) == []
