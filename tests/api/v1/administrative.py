"""Administrative judgments over HTTP, as tests take them on and end them."""

import uuid
from typing import Any

import httpx

from tests.api.v1.cases import key

PATH = "/v1/administrative-judgments"


def accept(client: httpx.Client, unit: str, /, **values: Any) -> httpx.Response:
    """A judgment that a unit takes on."""
    body = {
        "unit_id": unit,
        "file_no": f"{uuid.uuid4().hex[:12]}/THAHC",
        "court": "Tòa án nhân dân tỉnh",
        "judgment_no": "12/2025/HC-ST",
        "judgment_date": "2025-09-10",
        "obliged_agency": "Ủy ban nhân dân phường",
        "accepted_on": "2025-10-21",
        **values,
    }
    return client.post(PATH, json=body, headers=key())


def change(client: httpx.Client, known: httpx.Response, **values: Any) -> httpx.Response:
    """A change of the judgment that an answer showed."""
    return client.patch(f"{PATH}/{known.json()['id']}", json=values, headers={"If-Match": known.headers["etag"]})


def end(
    client: httpx.Client, known: httpx.Response, on: str = "2026-02-10", outcome: str = "enforced"
) -> httpx.Response:
    """The end of its tracking."""
    return change(client, known, ended_on=on, outcome=outcome)
