"""A service that delivers quickly and gives up soon."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from app.services.webhooks import dispatcher, rules
from tests.conftest import Island, island_with
from tests.services.webhooks.hooks import Hooks


@pytest.fixture(scope="module")
def quick(cluster: str) -> Iterator[Island]:
    """An island whose attempts end after a second and are repeated after a tenth of one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatcher, "LOOK_SECONDS", 0.05)
        with island_with(cluster, webhook_timeout_seconds=1, webhook_retry_seconds=0.1) as made:
            yield made


@pytest.fixture
def hooks(quick: Island, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hooks]:
    """The partner, who sees the office of the first province; after three attempts an event is given up."""
    monkeypatch.setattr(rules, "SCHEDULE", (1, 1))
    with ExitStack() as running:
        yield Hooks(quick, running)
