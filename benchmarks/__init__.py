"""The figures of the event logger, side by side with its peers in one run."""
