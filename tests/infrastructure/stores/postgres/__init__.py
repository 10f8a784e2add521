"""What is particular to the PostgreSQL store."""
