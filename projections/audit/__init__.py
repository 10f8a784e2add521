"""The rules of an audit: what must be true of every log, whatever was logged.

They are the structural ones: that a log holds together as it is stored. A rule is a file here, its
line in `RULES`, and its rows in the rules' test table.
"""

from projections.audit.derived import Derived
from projections.audit.lifecycle import Lifecycle
from projections.audit.links import Links
from projections.audit.orders import Orders
from projections.audit.rule import Finding, Rule, Severity
from projections.audit.schema import Schema
from projections.audit.times import Times

RULES: tuple[type[Rule], ...] = (Orders, Schema, Links, Lifecycle, Times, Derived)
"""Every rule, in the order in which its findings are given."""

__all__ = ["RULES", "Finding", "Rule", "Severity"]
