"""A small builder of SVG: what is text is escaped, whatever it holds; nothing runs and nothing is fetched."""

import re
from html import escape
from typing import Final

# what XML 1.0 has no way to write
_UNWRITABLE: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Markup(str):
    """Text that is SVG already; any other text is escaped where it is put in."""

    __slots__ = ()


Value = str | float | None


def tag(element: str, /, *children: str, **attributes: Value) -> Markup:
    """An element. `data_value` is written `data-value`, `class_` is `class`; an attribute that is None is left out."""
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_plain(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    content = "".join(child if isinstance(child, Markup) else escaped(child) for child in children)
    return Markup(f"<{element}{named}>{content}</{element}>" if content else f"<{element}{named}/>")


def together(*parts: Markup) -> Markup:
    """Elements one after the other."""
    return Markup("".join(parts))


def escaped(text: str) -> str:
    """Text as it stands in an element or an attribute."""
    return escape(_UNWRITABLE.sub("\ufffd", text), quote=True)


def _plain(value: str | float) -> str:
    """An attribute; lengths to a tenth, which is finer than a screen."""
    if isinstance(value, str):
        return escaped(value)
    return f"{value:.1f}".removesuffix(".0")
