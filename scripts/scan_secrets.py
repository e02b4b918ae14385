"""Finds what looks like a secret in the files of the project; exit status 1 when something is found.

Reads every file that .gitignore does not leave out, whether or not git knows it yet. What is meant to be there says so
on its line: `not a secret: <why>`. What was found is never printed.
"""

import math
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ALLOWED: Final = re.compile(r"not a secret: \S+")
MAX_BYTES: Final = 5 * 1024 * 1024
# of generated files nobody writes by hand, digests look like secrets
DIGESTS: Final = frozenset({"uv.lock", "package-lock.json"})
ENTROPY: Final = 3.3  # bits a sign; words of a language stay below

KINDS: Final = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\s*[A-Za-z0-9+/=\\]{16}"),
    "private JWK": re.compile(r"""["']d["']\s*:\s*["'][A-Za-z0-9_-]{40,}["']"""),
    "signed token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"),
    "AWS key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})\b"),
    "GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}\b"),
    "Slack token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}\b"),
    "Google key": re.compile(r"\bAIza[A-Za-z0-9_-]{35}\b"),
    "PyPI token": re.compile(r"\bpypi-[A-Za-z0-9_-]{40,}\b"),
    "password in an address": re.compile(r"\b[a-z][a-z0-9+.-]{2,20}://[^\s:/@'\"$<{]{1,60}:(?:[^\s@/'\"$<{…*]{6,})@"),
    "assigned secret": re.compile(
        r"(?i)\b\w*(?:secret|passw(?:or)?d|api_?key|access_?key|auth_?token)\w*['\"]?\s*[:=]\s*"
        r"(?P<quote>['\"]?)(?P<value>[A-Za-z0-9+/_.=~-]{16,})(?P=quote)"
    ),
}


def entropy(text: str) -> float:
    """Bits a sign (Shannon)."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def is_random(text: str) -> bool:
    """Whether it looks made by a machine: letters and digits mixed, without the repetitions of words."""
    return any(sign.isdigit() for sign in text) and any(sign.isalpha() for sign in text) and entropy(text) >= ENTROPY


def files(root: Path) -> Iterator[Path]:
    """Every file below `root` that .gitignore does not leave out."""
    patterns = [line.strip("/") for line in (root / ".gitignore").read_text().split() if not line.startswith("#")]
    for path in sorted(root.iterdir()):
        yield from _below(path, [*patterns, ".git"])


def _below(path: Path, ignored: list[str]) -> Iterator[Path]:
    if path.is_symlink() or any(path.match(pattern) for pattern in ignored):
        return
    if path.is_dir():
        for inner in sorted(path.iterdir()):
            yield from _below(inner, ignored)
    elif path.name not in DIGESTS:
        yield path


def secrets_in(text: str) -> Iterator[tuple[int, str]]:
    """Line and kind of everything that looks like a secret."""
    lines = text.splitlines()
    for kind, pattern in KINDS.items():
        for found in pattern.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            value = found.groupdict().get("value")
            if (value is None or is_random(value)) and not ALLOWED.search(lines[line - 1]):
                yield line, kind


def main(root: Path) -> int:
    """Scans a project; the number of findings, as an exit status."""
    found = read = 0
    for path in files(root):
        if path.stat().st_size > MAX_BYTES:
            sys.exit(f"error: {path.relative_to(root)} is too large to be scanned")
        read += 1
        for line, kind in secrets_in(path.read_text(errors="replace")):
            sys.stdout.write(f"{path.relative_to(root)}:{line}: {kind}\n")
            found += 1
    sys.stdout.write(f"{read} files scanned for secrets, {found} found\n")
    return int(found > 0 or not read)


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent))
