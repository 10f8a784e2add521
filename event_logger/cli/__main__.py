"""`python -m event_logger.cli`, where the program itself is not installed."""

from event_logger.cli import main

main()
