"""Client systems: their secrets, scopes, grants and access tokens."""
