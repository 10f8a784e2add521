"""Faults of a PostgreSQL server, each with real ones; `make test-faults` runs them."""
