"""The public list of debtors without conditions for enforcement: what it must be, keeping it, reading it."""
