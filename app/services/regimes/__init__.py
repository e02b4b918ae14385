"""Statistical regimes: what a circular counts as what, in versions."""
