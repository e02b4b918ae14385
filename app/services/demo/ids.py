"""Ids of demo rows: shaped like UUIDv7, but the same again for the same seed."""

from datetime import date
from random import Random

EPOCH = date(1970, 1, 1).toordinal()
DAY_MS = 86_400_000
# An office is at work from 8 to 17 o'clock in Vietnam, which is 1 to 10 o'clock UTC.
MORNING_MS = 3_600_000
WORKDAY_MS = 9 * 3_600_000


def uuid7(day_ordinal: int, rng: Random) -> str:
    """32 hexadecimal digits that sort by the day: its time part lies in the working hours of that day."""
    ms = (day_ordinal - EPOCH) * DAY_MS + MORNING_MS + int(rng.random() * WORKDAY_MS)
    bits = rng.getrandbits(74)
    return f"{ms:012x}7{bits >> 62:03x}{1 << 63 | bits & (1 << 62) - 1:016x}"
