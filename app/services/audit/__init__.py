"""The trail: reading it, chaining it, and finding where it was rewritten."""
