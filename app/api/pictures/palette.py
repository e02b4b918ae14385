"""The colours of the pictures, by what they are for, in light and in dark.

Every element has its colour as an attribute, so a picture is right where no style sheet works: in a page with a strict
Content-Security-Policy, in a document, on paper. Only a picture that follows the reader's preference
(`prefers-color-scheme`) has a style sheet, which is always the same, so that its digest can be allowed.
"""

import base64
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

Theme = Literal["light", "dark"]

COLOURS: Final[dict[Theme, dict[str, str]]] = {
    "light": {
        "paper": "#ffffff", "ink": "#1f2328", "quiet": "#57606a", "rule": "#d8dee4", "good": "#1f6fb2",
        "low": "#c2570c", "before": "#7a5ea8", "third": "#1a7f5a", "fourth": "#b3245d",
    },
    "dark": {
        "paper": "#12161c", "ink": "#e6edf3", "quiet": "#a3adb8", "rule": "#303842", "good": "#5aa7ec",
        "low": "#f0934a", "before": "#b9a0e6", "third": "#4fc09a", "fourth": "#f27ba5",
    },
}  # fmt: skip
"""`rule` is for lines behind the figures; `good` and `low`, `before`, `third`, `fourth` are for figures."""

_DARK: Final = "".join(
    f".thads-f-{role}{{fill:{colour}}}.thads-s-{role}{{stroke:{colour}}}" for role, colour in COLOURS["dark"].items()
)
STYLE: Final = f"@media (prefers-color-scheme:dark){{{_DARK}}}"
_DIGEST: Final = base64.b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY: Final = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; frame-ancestors 'none'"
"""The Content-Security-Policy of a picture."""


@dataclass(frozen=True, slots=True)
class Brush:
    """Gives elements their colours. Without a theme they are light, and dark where the reader prefers that."""

    theme: Theme | None = None

    def __call__(self, fill: str = "none", stroke: str | None = None) -> dict[str, str]:
        """The attributes of an element with this role inside and that one on its outline."""
        colours = COLOURS[self.theme or "light"]
        given = {"fill": colours.get(fill, fill)}
        classes = [f"thads-f-{fill}"] if fill in colours else []
        if stroke is not None:
            given["stroke"] = colours[stroke]
            classes.append(f"thads-s-{stroke}")
        return given if self.theme or not classes else {**given, "class_": " ".join(classes)}
