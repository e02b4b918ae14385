"""The programs of the guide, as they stand, verify what the service signs, and nothing else."""

import json
import re
from pathlib import Path
from time import time
from typing import Any, Final

import pytest

from app.services.webhooks.rules import change_event, place_of
from app.services.webhooks.signing import Keyring
from app.settings import Settings

GUIDE: Final = Path(__file__).parents[3] / "docs/webhooks.md"
ID: Final = "0197c0de-0000-7000-8000-00000000e001"
BODY: Final = b'{"specversion":"1.0"}'


@pytest.fixture(scope="module")
def guide() -> dict[str, Any]:
    """What the programs define."""
    defined: dict[str, Any] = {}
    programs = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(programs) == 2
    for program in programs:
        exec(program, defined)
    return defined


def _signed(kind: str, at: int, *numbers: int) -> dict[str, str]:
    signature = Keyring(Settings()).signed(ID, kind, list(numbers), "msg_1", at, BODY)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": signature}


@pytest.mark.parametrize("kind", ["v1a", "v1"])
def test_the_programs_of_the_guide_verify(guide: dict[str, Any], kind: str) -> None:
    verified, keyring, now = guide[f"verified_{kind}"], Keyring(Settings()), int(time())
    keys = [keyring.public_key(ID, kind, no) or keyring.secret(ID, kind, no) for no in (1, 2, 3)]
    both = _signed(kind, now, 2, 1)
    assert [verified(key, both, BODY) for key in keys] == [True, True, False]
    assert not verified(keys[0], both, BODY + b" ")
    assert not verified(keys[0], {**both, "webhook-id": "msg_2"}, BODY)
    assert not verified(keys[0], {**both, "webhook-timestamp": str(now + 1)}, BODY)
    assert not verified(keys[0], _signed(kind, now - 301, 1), BODY)
    other = "v1" if kind == "v1a" else "v1a"
    assert not verified(keys[0], _signed(other, now, 1), BODY)


def test_the_event_of_the_guide_is_one_the_service_would_send() -> None:
    (shown,) = re.findall(r"^```json\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    event = json.loads(shown)
    data = event["data"]
    place = place_of(ID, event["id"])
    assert place is not None
    assert place.position == data["position"]
    assert change_event(event["source"], ID, place.mark, {**data, "current": None}).content == event
