"""What the tests of cases share: a new case as a caller sends it, and ways to book and read."""

import uuid
from typing import Any

import httpx

from tests.api.world import Place


def key() -> dict[str, str]:
    """A fresh Idempotency-Key."""
    return {"Idempotency-Key": uuid.uuid4().hex}


def new_case(place: Place, **values: Any) -> dict[str, Any]:
    """A body for `POST /v1/cases`."""
    return {
        "file_no": f"{uuid.uuid4().hex[:8]}/HS-2025",
        "decision_no": f"{uuid.uuid4().hex[:8]}/QĐ-CCTHADS",
        "decision_date": "2025-08-22",
        "unit_id": place.office_id,
        "officer_id": place.objects["officer_id"],
        "kind": "commercial",
        "initiation": "on_request",
        "obligations": [{"kind": "money_party", "amount_vnd": 1_000_000, "description": "Trả nợ gốc"}],
        "parties": [
            {"role": "creditor", "kind": "organisation", "name": "Công ty Hưng Thịnh"},
            {"role": "debtor", "kind": "individual", "name": "Nguyễn Văn An"},
        ],
        **values,
    }


def create(client: httpx.Client, place: Place, **values: Any) -> dict[str, Any]:
    """A case taken into the books."""
    answer = client.post("/v1/cases", json=new_case(place, **values), headers=key())
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def book(
    client: httpx.Client, case_id: str, event: str, day: str | None = "2025-09-01", **values: Any
) -> httpx.Response:
    """An event of a case."""
    body = {"event": event, **({"effective_on": day} if day else {}), **values}
    return client.post(f"/v1/cases/{case_id}/events", json=body, headers=key())


def ids(answer: httpx.Response) -> list[str]:
    """The ids of a page."""
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]
