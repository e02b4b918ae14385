"""Statistics: the counting identities, results and rates of units, officers and periods, read from the books."""
