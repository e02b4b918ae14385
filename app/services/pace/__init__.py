"""Pace: what units and officers still need for their targets, where the year is likely to end, who is below average."""
