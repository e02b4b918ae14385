"""Webhooks (thông báo tự động): changes of the feed, sent to the addresses of those who follow it."""
