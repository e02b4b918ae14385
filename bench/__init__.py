"""Load and peers: what a request costs, side by side."""
