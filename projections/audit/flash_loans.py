"""A flash loan is repaid in the transaction that took it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from domain.accounts import decimals_of
from domain.effects import UNDONE
from domain.event_values import EXACT, EventValues
from projections.audit.rule import NOTHING, AuditedEvent, AuditedLog, Finding, Rule
from projections.event_dicts import Record

_BORROW, _REPAY = "FLASH_BORROW", "FLASH_REPAID"
_FLOATS = Decimal("1e-12")
_HELD = 1000
ZERO = Decimal(0)


class FlashLoans(Rule):
    """What a bundle borrows from a lender it repays there, in the same token, with the fee."""

    NAME = "flash_loans"
    CHECKS = "each flash loan is repaid in the same bundle: lender, token, amount and fee"
    WHY = "a loan that is not repaid reverts its transaction: a log that has one is wrong"
    TOLERANCE = (
        "exact; a fee may be rounded to the token's last decimal, floats are off by 1e-12 of the"
        " amount"
    )

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._root = 0
        self._loans: dict[tuple[str, str], _Loan] = {}
        self._unpaid: list[_Loan] = []
        """Borrowed in one transaction and not repaid there; the repayment may follow in another."""

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """It borrows or repays, or it begins another transaction."""
        found: Iterable[Finding] = NOTHING
        if event.root != self._root:
            if self._loans:
                found = tuple(self._settled())
            self._root = event.root
        record = event.record
        if record is not None and record.get("event_type") in (_BORROW, _REPAY):
            self._note(event, record)
        return found

    def _note(self, event: AuditedEvent, record: Record) -> None:
        now = record if event.now is None else event.now
        if now.get("status") in UNDONE:
            return
        self.looked_at += 1
        loan = _loan(event.order, now)
        key = (loan.lender, loan.token)
        self._loans[key] = self._loans[key].with_(loan) if key in self._loans else loan

    def end(self) -> Iterator[Finding]:
        """The last transaction, and what was never repaid."""
        yield from self._settled()
        for loan in self._unpaid:
            yield self._never_repaid(loan)

    def _settled(self) -> Iterator[Finding]:
        loans, self._loans = self._loans, {}
        open_ = [one for one in loans.values() if not one.repaid]
        for one in loans.values():
            if one.borrowed and one.repaid:
                yield from self._compared(one)
            elif one.repaid:
                yield from self._strayed(one, open_)
        self._unpaid += open_
        while len(self._unpaid) > _HELD:
            yield self._never_repaid(self._unpaid.pop(0))

    def _strayed(self, repaid: _Loan, open_: list[_Loan]) -> Iterator[Finding]:
        """A repayment whose transaction took no such loan: what it must have meant."""
        loan = _match(repaid, open_)
        if loan is not None:
            open_.remove(loan)
            yield self._to_another(loan, repaid)
            return
        late = _same(repaid, self._unpaid)
        if late is None:
            yield self.error(
                repaid.repaid,
                f"order {repaid.repaid[0]} repays a flash loan that its transaction did not take",
                found=repaid.amount,
            )
            return
        self._unpaid.remove(late)
        if late.tx_hash is not None and late.tx_hash == repaid.tx_hash:
            yield from self._compared(late.with_(repaid))
            return
        yield self.error(
            late.borrowed + repaid.repaid,
            f"the flash loan of order {late.borrowed[0]} is repaid by order {repaid.repaid[0]},"
            " which is another transaction",
            expected="one bundle",
            found="two transactions",
        )

    def _compared(self, loan: _Loan) -> Iterator[Finding]:
        allowed = self._allowed(loan)
        if not loan.is_repaid(allowed):
            yield self.error(
                loan.borrowed + loan.repaid,
                f"the flash loan of order {loan.borrowed[0]} is repaid with another amount than"
                " was borrowed, and its fee",
                expected=EXACT.add(loan.principal, loan.fee or ZERO),
                found=EXACT.add(loan.amount, loan.paid),
                field="amount",
                tolerance=f"{allowed} {loan.token}" if allowed else None,
            )

    def _allowed(self, loan: _Loan) -> Decimal:
        largest = max(loan.principal, loan.amount)
        if self.log.options.tolerance is not None:
            return EXACT.multiply(self.log.options.tolerance, largest)
        is_rounded = bool(loan.fee)
        allowed = EXACT.scaleb(Decimal(1), -decimals_of(loan.token)) if is_rounded else ZERO
        return max(allowed, EXACT.multiply(_FLOATS, largest)) if loan.has_floats else allowed

    def _to_another(self, loan: _Loan, repaid: _Loan) -> Finding:
        is_lender = loan.lender != repaid.lender
        what = "lender" if is_lender else "token"
        return self.error(
            loan.borrowed + repaid.repaid,
            f"the flash loan of order {loan.borrowed[0]} is repaid to another {what} by order"
            f" {repaid.repaid[0]}"
            if is_lender
            else f"the flash loan of order {loan.borrowed[0]} is repaid in another token by order"
            f" {repaid.repaid[0]}",
            expected=getattr(loan, what),
            found=getattr(repaid, what),
            field="venue" if is_lender else "token",
        )

    def _never_repaid(self, loan: _Loan) -> Finding:
        return self.error(
            loan.borrowed,
            f"the flash loan of order {loan.borrowed[0]} is not repaid in its transaction",
            expected=EXACT.add(loan.principal, loan.fee or ZERO),
            found=ZERO,
            field="amount",
        )


class _Loan(NamedTuple):
    """What one transaction borrows from a lender in a token, and repays."""

    lender: str
    token: str
    tx_hash: str | None
    borrowed: tuple[int, ...]
    repaid: tuple[int, ...]
    principal: Decimal
    fee: Decimal | None
    """What the fee should be; None where it is not told."""
    amount: Decimal
    paid: Decimal
    """What is repaid, and the fee that is named beside it."""
    has_floats: bool

    def with_(self, other: _Loan) -> _Loan:
        """Both together."""
        fees = [one.fee for one in (self, other) if one.borrowed]
        return self._replace(
            borrowed=self.borrowed + other.borrowed,
            repaid=self.repaid + other.repaid,
            principal=EXACT.add(self.principal, other.principal),
            fee=None if None in fees else sum((one for one in fees if one is not None), ZERO),
            amount=EXACT.add(self.amount, other.amount),
            paid=EXACT.add(self.paid, other.paid),
            has_floats=self.has_floats or other.has_floats,
        )

    def is_repaid(self, allowed: Decimal) -> bool:
        """Whether the amount, alone or with the fee named beside it, is what was due."""

        def equal(one: Decimal, other: Decimal) -> bool:
            return EXACT.subtract(one, other).copy_abs() <= allowed

        with_fee, less_fee = (
            EXACT.add(self.amount, self.paid),
            EXACT.subtract(self.amount, self.paid),
        )
        if self.fee is None:
            return equal(self.amount, self.principal) or equal(less_fee, self.principal)
        due = EXACT.add(self.principal, self.fee)
        is_within = equal(self.amount, due) and equal(self.paid, self.fee)
        return is_within or equal(with_fee, due)


def _loan(order: int, event: Record) -> _Loan:
    values = EventValues(event)
    is_borrowed = event["event_type"] == _BORROW
    amount = values.given_number("amount") or ZERO
    bps, paid = values.given_number("fee_bps"), values.given_number("fee_paid") or ZERO
    fee = None if bps is None else EXACT.scaleb(EXACT.multiply(amount, bps), -4)
    return _Loan(
        (values.given_text("venue") or "").upper(),
        values.given_text("token") or "",
        values.given_text("tx_hash"),
        (order,) if is_borrowed else (),
        () if is_borrowed else (order,),
        amount if is_borrowed else ZERO,
        fee if is_borrowed else ZERO,
        ZERO if is_borrowed else amount,
        ZERO if is_borrowed else paid,
        any(type(values.get(name)) is float for name in ("amount", "fee_paid", "fee_bps")),
    )


def _same(repaid: _Loan, loans: list[_Loan]) -> _Loan | None:
    return next((one for one in loans if one[:2] == repaid[:2]), None)


def _match(repaid: _Loan, loans: list[_Loan]) -> _Loan | None:
    """The loan that it must have meant: of the same token first, else of the same lender."""
    of_token = next((one for one in loans if one.token == repaid.token), None)
    return of_token or next((one for one in loans if one.lender == repaid.lender), None)
