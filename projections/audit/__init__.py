"""The rules of an audit: what must be true of every log, whatever was logged.

The first are of structure: that a log holds together as it is stored, and holds nothing twice. Then
those of completeness: that nothing is left out. Then those of conservation and arithmetic: that its
figures hold together. A rule is a file here, its line in `RULES`, and its rows in the rules' test
table.
"""

from projections.audit.balances import Snapshots
from projections.audit.bundles import Bundles
from projections.audit.coverage import Coverage
from projections.audit.cutoff import Cutoff
from projections.audit.derived import Derived
from projections.audit.duplicates import Duplicates
from projections.audit.fills import Fills
from projections.audit.flash_loans import FlashLoans
from projections.audit.funding import Funding
from projections.audit.funding_amounts import FundingAmounts
from projections.audit.gas import Gas
from projections.audit.lending import Lending
from projections.audit.lifecycle import Lifecycle
from projections.audit.links import Links
from projections.audit.nonces import Nonces
from projections.audit.orders import Orders
from projections.audit.positions import Positions
from projections.audit.reconciled import Reconciled
from projections.audit.reconciliation import Reconciliation
from projections.audit.rule import Finding, Rule, Severity
from projections.audit.runs import Runs
from projections.audit.schema import Schema
from projections.audit.settlement import Settlement
from projections.audit.staking import Staking
from projections.audit.times import Times
from projections.audit.trades import Trades

STRUCTURE: tuple[type[Rule], ...] = (Orders, Schema, Links, Lifecycle, Times, Derived)
"""The rules that hold of every log, whatever was logged: how it is stored."""

RULES: tuple[type[Rule], ...] = (
    *STRUCTURE,
    Cutoff,
    Duplicates,
    Runs,
    Funding,
    Reconciliation,
    Coverage,
    Nonces,
    FlashLoans,
    Settlement,
    Positions,
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

__all__ = ["RULES", "STRUCTURE", "Finding", "Rule", "Severity"]
