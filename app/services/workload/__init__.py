"""Targets by workload (khối lượng án): which rate follows from how many cases a unit must enforce."""
