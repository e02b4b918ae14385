"""Figures as pictures: SVG that portals put into their pages, drawn from what the JSON of the same figures holds."""
