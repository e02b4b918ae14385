"""Targets (chỉ tiêu) assigned to units and officers, and how far their results have come."""
