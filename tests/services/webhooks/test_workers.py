"""Several workers, and workers that die: everything arrives, and each subscription is in one hand at a time."""

import threading
from http.server import BaseHTTPRequestHandler

import pytest

from app.main import create_app
from app.services.webhooks import dispatcher
from tests.conftest import settings_for
from tests.receiver import answering, wait_for
from tests.server import serving
from tests.services.webhooks.hooks import Hooks

# the worker that held it is dead: nobody tells the database, the lease runs out
_DIED = "UPDATE webhook SET holder = gen_random_uuid(), leased_until = now() WHERE id = '{}'"


def test_what_was_sent_but_not_written_down_is_sent_again(hooks: Hooks) -> None:
    hook: dict[str, str] = {}

    def dies_first(number: int, handler: BaseHTTPRequestHandler) -> None:
        if number == 1:
            hooks.rows(_DIED.format(hook["id"]))
        answering(204)(number, handler)

    receiver = hooks.receiver(dies_first)
    hook.update(hooks.subscribe(receiver))
    hooks.case(collected=1)
    first, again, last = receiver.got(3)
    assert (first.id, first.body) == (again.id, again.body)
    assert last.id != first.id
    assert [line["event_id"] for line in hooks.log(hook, 2)] == [again.id, last.id]


def test_a_worker_that_stops_leaves_its_work_to_others(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    held, released = threading.Event(), threading.Event()

    def waits_first(number: int, handler: BaseHTTPRequestHandler) -> None:
        if number == 1:
            held.set()
            released.wait(20)
        answering(204)(number, handler)

    url = hooks.island.service.database.settings.libpq_url
    settings = settings_for(url, webhook_timeout_seconds=20, webhook_retry_seconds=0.1)
    own = hooks.island.served.app.state.webhooks
    monkeypatch.setattr(own, "_look", _nothing)
    with serving(create_app(settings)):
        receiver, hook = hooks.subscribed(waits_first)
        hooks.case()
        assert held.wait(10)
        monkeypatch.undo()  # the other worker looks again
    released.set()
    first, again = receiver.got(2)
    assert first.id == again.id
    assert len(hooks.log(hook, 1)) == 1


async def _nothing() -> int:
    return 0


def test_workers_share_and_nothing_comes_twice(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "TAKEN_AT_ONCE", 1)
    url = hooks.island.service.database.settings.libpq_url
    with serving(create_app(settings_for(url))), serving(create_app(settings_for(url))):
        receivers = [hooks.subscribed()[0] for _ in range(8)]
        case_id = hooks.case()
        for _ in range(9):
            hooks.collect(case_id)
        for receiver in receivers:
            receiver.got(10, 30)
        wait_for(lambda: hooks.rows("SELECT count(*) FROM webhook WHERE holder IS NOT NULL") == [(0,)])
    for receiver in receivers:
        assert [request.event["data"]["version"] for request in receiver.requests] == list(range(1, 11))
