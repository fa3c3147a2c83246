"""Shows the plain counters of the rooms below: to Prometheus, and on a terminal. Changes nothing."""
