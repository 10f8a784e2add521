"""A market-neutral leveraged restaking strategy that logs everything it does."""
