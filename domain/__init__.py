"""What an audit log is: pure, without I/O, pandas or Redis."""
