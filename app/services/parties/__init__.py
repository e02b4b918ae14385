"""Personal data of parties (đương sự): seen in full, or searched by, only with a purpose and on record."""
