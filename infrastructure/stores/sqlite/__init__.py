"""A store in one SQLite file, or in the memory of one process."""
