"""The calendar of the law: working days, and within how many of them something is due."""
