"""SQL over logs, by DuckDB over Arrow tables in memory: nothing else is read, or written."""
