"""What is wrong with certificates, keys, checkpoints and proofs."""

from __future__ import annotations

from domain.errors.base import EventLoggerError, shown


class CertificateError(EventLoggerError, ValueError):
    """A certificate cannot be read, is none, or is of another log; `certificate` is its path."""

    def __init__(self, certificate: str, problem: str) -> None:
        self.certificate = certificate
        self.problem = problem
        super().__init__(f"{certificate} {problem}")


class KeyFileError(EventLoggerError, ValueError):
    """A key's file cannot be made or read, or is none; nothing of the key is in the sentence."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"the key {path} {problem}")


class ProofError(EventLoggerError, ValueError):
    """A checkpoint or proof is none, does not hold, or cannot be made; `what` says which."""

    def __init__(self, what: str, problem: str) -> None:
        self.what = what
        self.problem = problem
        super().__init__(f"{what} {problem}")


class LogDiffersError(ProofError):
    """A log is not what a checkpoint says; nothing before the first of `orders` differs.

    What differs first is the entry of one of the `orders`, from the first to the last; `position`
    is the last at which it may stand.
    """

    def __init__(self, log: str, problem: str, orders: tuple[int, int], position: int) -> None:
        self.log = log
        self.orders = orders
        self.position = position
        super().__init__(f"log {shown(log)}", problem)
