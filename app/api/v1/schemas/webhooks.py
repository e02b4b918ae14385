"""The contract of webhooks: subscriptions, their keys, and the log of deliveries."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints, model_validator

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Count, Instant, Line, Strict, Uuid, Version, refuse
from app.api.v1.schemas.changes import Kind
from app.db import Row
from app.services.webhooks.rules import NewWebhook

WEBHOOK_ID: Final = "0197c0de-0000-7000-8000-00000000e001"
DELIVERY_ID: Final = "0197c0de-0000-7000-8000-00000000e101"
EVENT_ID: Final = "msg_0197c0de00007000800000000000e001_6f3a9c21b7d4_48211"
_URL: Final = "https://partner.example/thads/events"
_PUBLIC_KEY: Final = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

Url = Annotated[str, StringConstraints(pattern=r"^https?://[!-\[\]-~]{1,1900}$")]
Kinds = Annotated[list[Kind], Field(min_length=1, max_length=6)]
State = Literal["active", "disabled"]
Signature = Literal["v1a", "v1"]
EventId = Annotated[str, StringConstraints(pattern="^msg_[0-9a-z_]{1,100}$")]


class WebhookNew(Strict):
    """A subscription: what is to be sent where."""

    url: Url = Field(
        description="where to: https at port 443 or 8443, a public address, no user, password or fragment",
        examples=[_URL],
    )
    kinds: Kinds = Field(description="kinds of things to follow; the token needs their scopes", examples=[["case"]])
    unit_id: Uuid | None = Field(
        None, description="only what lies in the subtree of this unit; all the client sees when absent", examples=[None]
    )
    description: Line | None = Field(None, description="what it is for", examples=["Đồng bộ hồ sơ"])
    signature: Signature = Field(
        "v1a", description="how requests are signed: `v1a` Ed25519 (preferred), `v1` HMAC-SHA256", examples=["v1a"]
    )

    def to_new(self) -> NewWebhook:
        """The subscription as the service takes it."""
        kinds = tuple(sorted(set(self.kinds)))
        return NewWebhook(self.url, kinds, self.unit_id, self.description, self.signature)


class WebhookChange(Strict):
    """What is to be different; members left out stay."""

    url: Url | None = Field(None, description="new address", examples=[_URL])
    kinds: Kinds | None = Field(None, description="new kinds", examples=[["case", "unit"]])
    unit_id: Uuid | None = Field(None, description="another unit; null: all the client sees", examples=[None])
    description: Line | None = Field(None, description="what it is for; null: nothing", examples=["Đồng bộ hồ sơ"])
    state: State | None = Field(
        None, description="`disabled`: nothing is sent; `active`: goes on where it ended, at once", examples=["active"]
    )

    @model_validator(mode="after")
    def _says_something(self) -> "WebhookChange":
        if not self.model_fields_set:
            raise refuse("empty-change", "must change something", "phải thay đổi ít nhất một mục")
        for name in self.model_fields_set & {"url", "kinds", "state"}:
            if getattr(self, name) is None:
                raise refuse("required", "must not be null", "không được là null", at=name)
        return self

    def given(self) -> dict[str, Any]:
        """The members that were sent."""
        given = {name: getattr(self, name) for name in sorted(self.model_fields_set)}
        return given | ({"kinds": sorted(set(given["kinds"]))} if "kinds" in given else {})


class KeyNew(Strict):
    """A new key for a subscription."""

    keep_hours: Annotated[Count, Field(le=168)] = Field(
        24, description="how long the key before signs as well, beside the new one", examples=[24]
    )

    @property
    def keep(self) -> timedelta:
        """The same as a time."""
        return timedelta(hours=self.keep_hours)


class Replay(Strict):
    """What is to be sent once more: changes of a time, or single events."""

    since: Instant | None = Field(
        None, description="changes recorded from this moment on", examples=["2026-11-24T02:00:00Z"]
    )
    until: Instant | None = Field(
        None, description="and before this one; until now when absent", examples=["2026-11-24T04:00:00Z"]
    )
    events: Annotated[list[EventId], Field(min_length=1, max_length=100)] | None = Field(
        None, description="ids of events (`webhook-id`), in place of a time", examples=[None]
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> "Replay":
        if (self.since is None) == (self.events is None) or (self.until is not None and self.since is None):
            raise refuse("one-of", "either since, or events", "hoặc since hoặc events", at="since")
        return self


class WebhookOut(Strict):
    """A subscription, and how its deliveries go."""

    id: Uuid = Field(description="id", examples=[WEBHOOK_ID])
    url: str = Field(description="where to", examples=[_URL])
    kinds: list[Kind] = Field(description="kinds of things it follows", examples=[["case"]])
    unit_id: Uuid | None = Field(
        description="only the subtree of this unit; null: all the client sees", examples=[None]
    )
    description: str | None = Field(description="what it is for", examples=["Đồng bộ hồ sơ"])
    state: Literal["active", "disabled", "gone"] = Field(
        description="`gone`: the receiver answered 410; `active` again by PATCH", examples=["active"]
    )
    signature: Signature = Field(description="how requests are signed", examples=["v1a"])
    public_key: str | None = Field(
        description="of `v1a`: the key that verifies; null with `v1`", examples=[_PUBLIC_KEY]
    )
    old_key_until: Instant | None = Field(
        description="until then the key before signs as well; null without one", examples=[None]
    )
    failing_since: Instant | None = Field(
        description="when an event was given up, and none was delivered since; null when all is well", examples=[None]
    )
    attempts: Count = Field(description="attempts that failed, of the event that is next", examples=[0])
    next_attempt_at: Instant | None = Field(description="of that event; null without such attempts", examples=[None])
    position: Annotated[int, Field(ge=0, le=2**53)] = Field(
        description="place in the feed up to which all was delivered, given up, or not for this subscription",
        examples=[48_211],
    )
    recorded_at: Instant = Field(description="moment it was made", examples=["2026-11-24T02:11:45.123456Z"])
    version: Version = Field(description="version; the first part of the ETag", examples=[1])


class WebhookWithSecret(WebhookOut):
    """A subscription with its new key: the only answer that shows the secret of `v1`."""

    secret: str | None = Field(
        description="of `v1`: the secret `whsec_…`, shown here and never again; null with `v1a`", examples=[None]
    )


class WebhookPage(Strict):
    """The subscriptions of the client."""

    items: list[WebhookOut] = Field(description="subscriptions in the order they were made")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class Delivery(Strict):
    """An attempt to deliver an event; what was sent and answered is not kept."""

    id: Uuid = Field(description="id of the attempt", examples=[DELIVERY_ID])
    event_id: str = Field(description="id of the event, the header `webhook-id`", examples=[EVENT_ID])
    type: str = Field(description="type of the event", examples=["vn.thads.case.upsert"])
    attempt: Count = Field(description="which attempt it was, from 1", examples=[1])
    outcome: Literal["delivered", "retry", "failed"] = Field(
        description="`retry`: it is tried again; `failed`: it was given up", examples=["delivered"]
    )
    status_code: Count | None = Field(description="status of the answer; null when there was none", examples=[204])
    error: Literal["name", "address", "connection", "timeout", "protocol"] | None = Field(
        description="why there was no answer: name not found, address not public, connection or certificate refused, "
        "too late, not HTTP",
        examples=[None],
    )
    duration_ms: Count = Field(description="how long it took", examples=[84])
    next_attempt_at: Instant | None = Field(description="when it is tried again", examples=[None])
    recorded_at: Instant = Field(description="when it was over", examples=["2026-11-24T02:11:46.201456Z"])


class DeliveryPage(Strict):
    """The log of a subscription, of the last 30 days."""

    items: list[Delivery] = Field(description="attempts, newest first")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


_DELIVERY: Final = (
    "id", "event_id", "type", "attempt", "outcome", "status_code", "error", "duration_ms", "next_attempt_at",
    "recorded_at",
)  # fmt: skip
_WEBHOOK: Final = (
    "old_key_until", "failing_since", "attempts", "next_attempt_at", "position", "recorded_at", "version",
)  # fmt: skip


def webhook_out(row: Row, public_key: str | None) -> dict[str, Any]:
    """A row of `app.services.webhooks.queries.COLUMNS` as `WebhookOut`."""
    webhook_id, url, kinds, unit_id, description, state, signature, _, *stands = row
    about = {"id": webhook_id, "url": url, "kinds": kinds, "unit_id": unit_id, "description": description}
    about |= {"state": state, "signature": signature, "public_key": public_key}
    return about | dict(zip(_WEBHOOK, stands, strict=True))


def delivery_out(row: Sequence[Any]) -> dict[str, Any]:
    """A row of `app.services.webhooks.queries.DELIVERY_COLUMNS` as `Delivery`."""
    return dict(zip(_DELIVERY, row, strict=True))


_MOMENT: Final = "2026-11-24T02:11:45.123456Z"
_ROW: Final[Row] = (
    WEBHOOK_ID, _URL, ["case"], None, "Đồng bộ hồ sơ", "active", "v1a", 1, None, None, 0, None, 48_211, _MOMENT, 1,
)  # fmt: skip
OUT_EXAMPLE: Final = samples.example_of(WebhookOut, webhook_out(_ROW, _PUBLIC_KEY))
SECRET_EXAMPLE: Final = samples.example_of(WebhookWithSecret, {**OUT_EXAMPLE, "secret": None})
PAGE_EXAMPLE: Final = samples.example_of(WebhookPage, {"items": [OUT_EXAMPLE], "next": None})
_ATTEMPT: Final = (
    DELIVERY_ID, EVENT_ID, "vn.thads.case.upsert", 1, "delivered", 204, None, 84, None, "2026-11-24T02:11:46.201456Z",
)  # fmt: skip
DELIVERIES_EXAMPLE: Final = samples.example_of(DeliveryPage, {"items": [delivery_out(_ATTEMPT)], "next": None})
