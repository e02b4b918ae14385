"""Units (đơn vị): the map of enforcement offices on any day, and how it changes."""
