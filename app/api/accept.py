"""Which of the media types of an answer a caller likes best, by its `Accept` header (RFC 9110, 12.5.1)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

ACCEPTED: Final = "thads.accepted"
"""The place in the scope of a request of what it accepted; there is nothing where JSON will do."""

_WEIGHT: Final = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A media type, how much it is wanted (0 to 1) and the parameters it is wanted with, in lower case."""

    kind: str
    weight: float
    parameters: dict[str, str]


def accepted(accept: str, produced: Sequence[str]) -> Accepted | None:
    """The most wanted of the media types, the first of those wanted alike; None when none may be sent.

    The most specific range that matches decides about a type; `q=0` excludes. What cannot be read as a weight is none.
    """
    ranges: dict[str, Accepted] = {}
    for part in accept.split(","):
        found = _range(part)
        if found.kind not in ranges or ranges[found.kind].weight < found.weight:
            ranges[found.kind] = found
    best: Accepted | None = None
    for kind in produced:
        matching = (ranges.get(name) for name in (kind, kind.partition("/")[0] + "/*", "*/*"))
        match = next((found for found in matching if found is not None), None)
        if match is not None and match.weight > (best.weight if best else 0):
            best = Accepted(kind, match.weight, match.parameters)
    return best


def _range(part: str) -> Accepted:
    media_range, *rest = (piece.strip().lower() for piece in part.split(";"))
    weight, parameters = 1.0, {}
    for parameter in rest:
        if match := _WEIGHT.fullmatch(parameter):
            weight = float(match[1])
        else:
            name, _, value = parameter.partition("=")
            parameters[name] = value.strip('"')
    return Accepted(media_range or "*/*", weight, parameters)
