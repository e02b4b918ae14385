"""Officially published results, each next to what its own parts give."""
