"""The HTTP side: routers of v1 and the mechanics they share."""
