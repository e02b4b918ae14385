"""Deliveries to real servers: in order, signed, again until they arrive, and nobody waits for somebody else."""

import base64
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import Any
from unittest.mock import Mock

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from app.services.webhooks import dispatcher
from tests.receiver import Received, answering, wait_for
from tests.services.webhooks.hooks import Hooks

MEMBERS = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"}
DATA = {"position", "change", "kind", "id", "version", "action", "recorded_at", "own"}
UPSERT = "vn.thads.case.upsert"


def _verified_by(public_key: str, request: Received) -> list[bool]:
    """For each signature of the request whether it is by this key."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    content = f"{request.id}.{request.headers['webhook-timestamp']}.".encode() + request.body
    found = []
    for signature in request.headers["webhook-signature"].split(" "):
        version, _, value = signature.partition(",")
        assert version == "v1a"
        try:
            key.verify(base64.b64decode(value), content)
        except InvalidSignature:
            found.append(False)
        else:
            found.append(True)
    return found


def test_changes_arrive_in_order_signed_and_thin(hooks: Hooks) -> None:
    receiver, hook = hooks.subscribed()
    case_id = hooks.case(collected=5)
    got = receiver.got(6)
    assert [request.told for request in got] == [(UPSERT, "accepted"), *[(UPSERT, "collected")] * 5]
    assert [request.event["data"]["version"] for request in got] == [1, 2, 3, 4, 5, 6]
    for request in got:
        event = request.event
        assert event.keys() == MEMBERS
        assert event["data"].keys() == DATA
        assert (event["id"], event["subject"]) == (request.id, f"case/{case_id}")
        assert request.headers["content-type"].startswith("application/cloudevents+json")
        assert _verified_by(hook["public_key"], request) == [True]
        for personal in ("Nguyễn", "Hưng Thịnh", "HS-2025"):
            assert personal not in request.body.decode()
    assert len({request.id for request in got}) == 6
    log = hooks.log(hook, 6)
    assert [(line["event_id"], line["outcome"], line["status_code"]) for line in log] == [
        (request.id, "delivered", 204) for request in got
    ]
    assert (hook["secret"], hooks.read(hook)["attempts"]) == (None, 0)


def test_a_shared_secret_verifies_as_the_standard_has_it(hooks: Hooks) -> None:
    receiver, hook = hooks.subscribed(signature="v1")
    hooks.case()
    (request,) = receiver.got(1)
    assert Webhook(hook["secret"]).verify(request.body, request.headers) == request.event
    with pytest.raises(WebhookVerificationError):
        Webhook(hook["secret"]).verify(request.body + b" ", request.headers)
    assert "secret" not in hooks.read(hook)
    assert hook["public_key"] is None


def test_what_fails_is_sent_again_before_all_that_follows(hooks: Hooks) -> None:
    receiver, hook = hooks.subscribed(answering(500, 502, 204))
    hooks.case(collected=1)
    first, second, third, last = receiver.got(4)
    assert first.id == second.id == third.id != last.id
    assert first.body == second.body
    log = hooks.log(hook, 4)
    assert [(line["attempt"], line["outcome"], line["status_code"]) for line in log] == [
        (1, "retry", 500), (2, "retry", 502), (3, "delivered", 204), (1, "delivered", 204),
    ]  # fmt: skip
    assert log[0]["next_attempt_at"] > log[0]["recorded_at"]
    assert log[2]["next_attempt_at"] is None


def test_a_receiver_may_ask_for_time(hooks: Hooks) -> None:
    receiver, _ = hooks.subscribed(lambda n, handler: answering(503 if n == 1 else 204, Retry_After="1")(n, handler))
    hooks.case()
    first, second = receiver.got(2)
    assert second.at - first.at >= 1


def test_gone_is_gone_until_it_is_back(hooks: Hooks) -> None:
    receiver, hook = hooks.subscribed(answering(410, 204))
    hooks.case(collected=1)
    wait_for(lambda: hooks.read(hook)["state"] == "gone")
    time.sleep(0.5)
    assert len(receiver.requests) == 1
    assert hooks.ask(hook, "tests").status_code == 409
    hooks.change(hook, state="active")
    first, again, _ = receiver.got(3)
    assert first.id == again.id


def test_redirects_are_not_followed(hooks: Hooks) -> None:
    elsewhere = hooks.receiver()
    receiver, hook = hooks.subscribed(answering(307, Location=elsewhere.url))
    hooks.case()
    receiver.got(2)
    assert elsewhere.requests == []
    assert hooks.log(hook, 1)[0]["status_code"] == 307


def _endless(_: int, handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 65_536)


def test_of_a_body_without_end_nothing_is_read(hooks: Hooks) -> None:
    receiver, hook = hooks.subscribed(_endless)
    hooks.case(collected=2)
    receiver.got(3)
    assert [line["outcome"] for line in hooks.log(hook, 3)] == ["delivered"] * 3


def _dripping(_: int, handler: BaseHTTPRequestHandler) -> None:
    for _ in range(100):
        handler.wfile.write(b"H")
        time.sleep(0.1)


def _silent(_: int, __: BaseHTTPRequestHandler) -> None:
    time.sleep(5)


@pytest.mark.parametrize("behave", [_silent, _dripping])
def test_no_receiver_takes_longer_than_an_attempt_may(hooks: Hooks, behave: Any) -> None:
    _, hook = hooks.subscribed(behave)
    hooks.case()
    line = hooks.log(hook, 1)[0]
    assert (line["status_code"], line["error"], line["outcome"]) == (None, "timeout", "retry")
    assert 900 <= line["duration_ms"] < 3_000


def test_a_slow_receiver_delays_nobody_else(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.webhooks.rules.SCHEDULE", (1,) * 200)
    released = threading.Event()

    def waits(number: int, handler: BaseHTTPRequestHandler) -> None:
        released.wait(10)
        answering(204)(number, handler)

    slow = [hooks.subscribed(waits)[0] for _ in range(4)]
    quick, _ = hooks.subscribed()
    hooks.case(collected=9)
    try:
        quick.got(10)
        assert max(len({request.id for request in receiver.requests}) for receiver in slow) == 1
    finally:
        released.set()


def test_a_receiver_that_was_away_misses_nothing(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.webhooks.rules.SCHEDULE", (1,) * 200)
    receiver, hook = hooks.subscribed()
    case_id = hooks.case()
    receiver.got(1)
    receiver.stop()
    for _ in range(3):
        hooks.collect(case_id)
    wait_for(lambda: hooks.read(hook)["attempts"] > 1)
    assert hooks.log(hook)[-1]["error"] == "connection"
    receiver.start()
    got = receiver.got(4)
    assert [request.event["data"]["version"] for request in got] == [1, 2, 3, 4]
    wait_for(lambda: hooks.read(hook)["next_attempt_at"] is None)


def test_what_never_arrives_is_given_up_with_one_alert(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    written = Mock()
    monkeypatch.setattr(dispatcher, "_log", written)
    receiver, hook = hooks.subscribed(answering(*[500] * 6, 204))
    hooks.case(collected=2)
    got = receiver.got(7)
    ids = [request.id for request in got]
    assert [ids.count(one) for one in dict.fromkeys(ids)] == [3, 3, 1]
    log = hooks.log(hook, 7)
    assert [line["outcome"] for line in log] == [*["retry", "retry", "failed"] * 2, "delivered"]
    wait_for(lambda: hooks.read(hook)["failing_since"] is None)
    (alert,) = [call for call in written.error.call_args_list if str(call.kwargs["webhook"]) == hook["id"]]
    assert "an event was given up" in alert.args[0]


def test_a_failing_webhook_says_since_when(hooks: Hooks) -> None:
    _, hook = hooks.subscribed(answering(500))
    hooks.case()
    wait_for(lambda: hooks.read(hook)["failing_since"] is not None)
    assert hooks.read(hook)["state"] == "active"


def test_rotation_signs_with_both_keys_for_a_while(hooks: Hooks) -> None:
    receiver, old = hooks.subscribed()
    new = hooks.ask(old, "keys", {}).json()
    assert new["public_key"] != old["public_key"]
    assert new["old_key_until"] is not None
    case_id = hooks.case()
    (request,) = receiver.got(1)
    assert _verified_by(new["public_key"], request) == [True, False]
    assert _verified_by(old["public_key"], request) == [False, True]
    newest = hooks.ask(old, "keys", {"keep_hours": 0}).json()
    hooks.collect(case_id)
    request = receiver.got(2)[1]
    assert _verified_by(newest["public_key"], request) == [True]


def test_the_standard_takes_either_secret_during_rotation(hooks: Hooks) -> None:
    receiver, old = hooks.subscribed(signature="v1")
    new = hooks.ask(old, "keys", {}).json()
    assert new["secret"] != old["secret"]
    hooks.case()
    (request,) = receiver.got(1)
    for secret in (old["secret"], new["secret"]):
        assert Webhook(secret).verify(request.body, request.headers) == request.event


def test_events_are_sent_again_on_demand(hooks: Hooks) -> None:
    receiver, hook = hooks.subscribed()
    case_id = hooks.case(collected=3)
    got = receiver.got(4)
    hooks.settled(hook)
    assert hooks.ask(hook, "replays", {"events": [got[3].id, got[1].id]}).status_code == 202
    assert [request.id for request in receiver.got(6)[4:]] == [got[1].id, got[3].id]
    hooks.settled(hook)
    since = got[2].event["data"]["recorded_at"]
    until = got[3].event["data"]["recorded_at"]
    assert hooks.ask(hook, "replays", {"since": since, "until": until}).status_code == 202
    assert [request.id for request in receiver.got(7)[6:]] == [got[2].id]
    hooks.collect(case_id)
    assert receiver.got(8)[7].event["data"]["version"] == 5
    hooks.settled(hook)
    assert len(receiver.requests) == 8


def test_what_is_sent_again_goes_before_what_waits(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.webhooks.rules.SCHEDULE", (100_000,))
    receiver, hook = hooks.subscribed(answering(204, 500, 204))
    case_id = hooks.case()
    receiver.got(1)
    hooks.settled(hook)
    hooks.collect(case_id)
    wait_for(lambda: hooks.read(hook)["attempts"] == 1)
    hooks.ask(hook, "replays", {"events": [receiver.requests[0].id]})
    old, waiting, again, last = receiver.got(4)
    assert (again.id, last.id) == (old.id, waiting.id)


def test_what_cannot_be_sent_again_is_refused(hooks: Hooks) -> None:
    receiver, hook = hooks.subscribed()
    _, other = hooks.subscribed()
    hooks.case()
    event = receiver.got(1)[0].id
    hooks.settled(hook)
    later = event.rpartition("_")[0] + "_999999"
    for refused in (event + "0", later, "msg_1", "msg_" + "0" * 32 + "_1_1"):
        answer = hooks.ask(hook, "replays", {"events": [event, refused]})
        assert answer.status_code == 422, refused
        assert answer.json()["errors"][0]["pointer"] == "/events/1"
    assert hooks.ask(other, "replays", {"events": [event]}).status_code == 422
    assert hooks.ask(hook, "replays", {"since": "2099-01-01T00:00:00Z"}).status_code == 422


def test_the_test_event_goes_first_and_only_once(hooks: Hooks) -> None:
    receiver, hook = hooks.subscribed(answering(500))
    assert hooks.ask(hook, "tests").status_code == 202
    (request,) = receiver.got(1)
    assert request.event["type"] == "vn.thads.webhook.test"
    assert _verified_by(hook["public_key"], request) == [True]
    (line,) = hooks.log(hook, 1)
    assert (line["type"], line["outcome"], line["status_code"]) == ("vn.thads.webhook.test", "failed", 500)
    time.sleep(0.5)
    assert len(receiver.requests) == 1


def test_a_test_that_arrives_ends_the_wait(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.webhooks.rules.SCHEDULE", (100_000,))
    receiver, hook = hooks.subscribed(answering(500, 204))
    hooks.case()
    wait_for(lambda: hooks.read(hook)["attempts"] == 1)
    hooks.ask(hook, "tests")
    waiting, test, again = receiver.got(3)
    assert (test.event["type"], waiting.id) == ("vn.thads.webhook.test", again.id)
