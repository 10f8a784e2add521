"""Files that a log is written to and read from."""
