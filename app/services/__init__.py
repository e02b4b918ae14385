"""What the service does, one package per capability; knows no HTTP."""
