"""Stores of audit logs on a PostgreSQL server."""
