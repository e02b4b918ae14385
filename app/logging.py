"""One JSON object per line on standard output; what callers send can neither break a line nor flood it."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import orjson
import structlog

MAX_TEXT: Final = 4000


def _harmless(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cuts long texts and replaces what is not valid Unicode; orjson escapes line breaks and control signs."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _cut(value if value.isascii() else value.encode("utf-8", "backslashreplace").decode())
    return event


def _cut(text: str) -> str:
    """Keeps both ends: a traceback begins with where the request came in and ends with what went wrong."""
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT // 2]} ... {text[-MAX_TEXT // 2 :]}"


def configure(level: str) -> None:
    """Sends structlog and the standard library's records of `level` and above to standard output as JSON."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _harmless,
    ]
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_as_bytes)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_as_text),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    logging.getLogger("httpx").setLevel(max(number, logging.WARNING))  # says at each request that it made one


def _as_bytes(event: Any, **_: Any) -> bytes:
    return orjson.dumps(event, default=repr)


def _as_text(event: Any, **_: Any) -> str:
    return _as_bytes(event).decode()
