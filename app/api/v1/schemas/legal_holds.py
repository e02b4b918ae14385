"""The contract of legal holds: cases whose personal data are kept whatever their age."""

from typing import Any, Final

import orjson
from pydantic import Field

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Instant, Strict, Text, Uuid, Version
from app.clock import today
from app.db import Row
from app.services.privacy.rules import NewHold


class HoldNew(Strict):
    """A hold to be placed on the personal data of a case."""

    reason: Text = Field(
        description="why, and on whose request; no names of parties",
        examples=["Yêu cầu số 45/YC-VKS của Viện kiểm sát nhân dân tỉnh"],
    )
    since: BusinessDate | None = Field(None, description="first day; today when absent", examples=["2026-03-02"])
    until: BusinessDate | None = Field(None, description="day from which it is over, when known", examples=[None])

    def to_new(self) -> NewHold:
        """The hold as the service takes it."""
        return NewHold(self.reason, self.since or today(), self.until)


class HoldChange(Strict):
    """The end of the last hold."""

    until: BusinessDate | None = Field(
        description="day from which it is over; null: it lasts until further notice", examples=["2026-12-01"]
    )
    reason: Text = Field(description="why, for the trail", examples=["Vụ án đã kết thúc, công văn số 12/CV-VKS"])


class Hold(Strict):
    """Days on which the personal data of the case had to be kept, why, and who placed the hold."""

    since: BusinessDate = Field(description="first day", examples=["2026-03-02"])
    until: BusinessDate | None = Field(description="day from which it is over; null while it lasts", examples=[None])
    reason: str = Field(
        description="why, and on whose request", examples=["Yêu cầu số 45/YC-VKS của Viện kiểm sát nhân dân tỉnh"]
    )
    client_id: str = Field(description="client that placed it", examples=["demo-province"])
    person_id: str | None = Field(description="person the client acted for", examples=["tran.hanh"])
    recorded_at: Instant = Field(description="moment it was placed", examples=["2026-03-02T02:11:45.123456Z"])


class HoldsOut(Strict):
    """Whether the personal data of a case are held today, and all holds there were."""

    case_id: Uuid = Field(description="case id", examples=[samples.CASE_ID])
    held: bool = Field(description="held today: no personal data are taken from the case", examples=[True])
    holds: list[Hold] = Field(description="holds, oldest first; empty when there was none")
    version: Version = Field(description="version; the first part of the ETag", examples=[2])


def holds_out(row: Row) -> dict[str, Any]:
    """A row of `app.services.privacy.queries.read_holds` as `HoldsOut`."""
    case_id, held, holds, version = row
    return {"case_id": case_id, "held": held, "holds": orjson.Fragment(holds), "version": version}


_HOLDS: Final = (
    '[{"since": "2026-03-02", "until": null, "reason": "Yêu cầu số 45/YC-VKS của Viện kiểm sát nhân dân tỉnh",'
    ' "client_id": "demo-province", "person_id": "tran.hanh", "recorded_at": "2026-03-02T02:11:45.123456Z"}]'
)
_OUT: Final = samples.example_of(HoldsOut, holds_out((samples.CASE_ID, True, _HOLDS, 2)))
OUT_EXAMPLE: Final[dict[str, Any]] = orjson.loads(orjson.dumps(_OUT))
