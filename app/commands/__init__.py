"""Commands for operators, one family per file; `app.cli` puts them together."""
