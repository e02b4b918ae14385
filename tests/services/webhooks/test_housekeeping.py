"""Old lines of the log go, and what is delivered is counted."""

import httpx

from app.services.webhooks.commands import forget_old_deliveries
from tests.services.webhooks.hooks import Hooks


def test_the_log_is_kept_for_a_month(hooks: Hooks) -> None:
    receiver, hook = hooks.subscribed()
    hooks.case(collected=1)
    receiver.got(2)
    old, young = hooks.log(hook, 2)
    aged = "UPDATE webhook_delivery SET recorded_at = now() - interval '{}' WHERE id = '{}'"
    hooks.rows(aged.format("30 days 1 minute", old["id"]))
    hooks.rows(aged.format("29 days", young["id"]))
    service = hooks.island.service
    assert service.runner.run(service.db.write(forget_old_deliveries)) == 1
    assert [line["id"] for line in hooks.log(hook)] == [young["id"]]


def test_deliveries_are_counted(hooks: Hooks) -> None:
    receiver, hook = hooks.subscribed()
    hooks.case()
    receiver.got(1)
    hooks.log(hook, 1)
    text = httpx.get(f"{hooks.island.served.address}/metrics").text
    assert 'thads_webhook_attempts_total{outcome="delivered"}' in text
    assert "thads_webhook_seconds_bucket" in text
    assert "thads_webhook_alerts_total" in text
