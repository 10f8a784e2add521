"""Redis: the connection, publishing a live log, and listening to one."""
