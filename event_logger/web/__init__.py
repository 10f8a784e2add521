"""The page: logs to be looked at in a browser, and a report that stands alone.

It reads through the reader alone, writes nothing, and sends every amount, order and time as text.
"""
