"""Pictures by themselves, without the service."""
