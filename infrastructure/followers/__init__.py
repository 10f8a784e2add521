"""Followers: each reads what a log has committed, in order, from a position of its own."""
