"""Personal data over time: how long they are kept, what holds them longer, what the service holds about a person."""
