"""Data quality (chất lượng số liệu): what in the reported figures cannot be, or is unlikely to be, as it stands."""
