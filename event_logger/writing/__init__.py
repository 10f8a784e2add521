"""The write side of the loggers: when `Appending.append` is called, by whom."""
