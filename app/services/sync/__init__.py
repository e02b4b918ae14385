"""What partners push: their own cases, by their own ids."""
