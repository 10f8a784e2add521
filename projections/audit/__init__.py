"""The rules of an audit: what must be true of every log, whatever was logged.

The structural ones say that a log holds together as it is stored, the others that its figures do.
A rule is a file here, its line in `RULES`, and its rows in the rules' test table.
"""

from projections.audit.balances import Snapshots
from projections.audit.bundles import Bundles
from projections.audit.derived import Derived
from projections.audit.fills import Fills
from projections.audit.funding_amounts import FundingAmounts
from projections.audit.gas import Gas
from projections.audit.lending import Lending
from projections.audit.lifecycle import Lifecycle
from projections.audit.links import Links
from projections.audit.orders import Orders
from projections.audit.reconciled import Reconciled
from projections.audit.rule import Finding, Rule, Severity
from projections.audit.schema import Schema
from projections.audit.staking import Staking
from projections.audit.times import Times
from projections.audit.trades import Trades

RULES: tuple[type[Rule], ...] = (
    Orders,
    Schema,
    Links,
    Lifecycle,
    Times,
    Derived,
    Bundles,
    Snapshots,
    Gas,
    Trades,
    FundingAmounts,
    Lending,
    Staking,
    Reconciled,
    Fills,
)
"""Every rule, in the order in which its findings are given."""

__all__ = ["RULES", "Finding", "Rule", "Severity"]
