"""A log as columns: Arrow's, each of one type, made of the stored bytes without event dicts."""
