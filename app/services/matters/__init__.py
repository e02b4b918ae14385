"""Matters (vụ): what many cases come from, and which of them steering committees track."""
