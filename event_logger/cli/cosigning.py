"""`checkpoint --witness`: whom it asks for cosignatures, and whether enough of them came."""

from __future__ import annotations

from pathlib import Path

from domain.errors import ProofError, shown
from event_logger.cli.terminal import say_error
from infrastructure.cosigned import Cosigned, cosigned
from infrastructure.files.policy_file import read_policy
from infrastructure.proving import Proving
from infrastructure.signing import OwnerKey, require_cryptography
from infrastructure.witness_client import Asked, asked_of, refuse_no_url
from projections.checkpoint import Note, VerifierKey
from projections.verification import signers

_NOT_CHECKED = "the cosignatures were not checked: no policy names the witness' keys"


class Witnesses:
    """Those that the options name; raises `ProofError` for a URL or a policy that cannot be."""

    def __init__(self, urls: list[str], policy_file: Path | None) -> None:
        require_cryptography("a cosignature")
        self._file = policy_file
        self._policy = None if policy_file is None else read_policy(policy_file)
        named = [] if self._policy is None else list(self._policy.witnesses)
        keys = [one.key for one in named]
        self._asked = [] if self._policy is None else asked_of(self._policy)
        known = {one.url for one in self._asked}
        self._asked += [Asked(url, keys) for url in dict.fromkeys(urls) if url not in known]
        for one in self._asked:
            refuse_no_url(one.url)

    def refuse_other_log(self, key: VerifierKey) -> None:
        """Raises `ProofError` where the policy names logs, and not this one."""
        if self._policy is None:
            return
        try:
            is_named = not self._policy.logs or key in [one.key for one in self._policy.logs]
            if not is_named:
                raise ValueError(f"names no log with the key {key}")
            self._policy = self._policy.with_log(key)
        except ValueError as error:
            raise ProofError(str(self._file), str(error)) from None

    @property
    def asked(self) -> list[Asked]:
        """Those that are asked, and where."""
        return self._asked

    def is_enough(self, note: bytes) -> bool:
        """Whether the quorum of the policy, if there is one, has cosigned this."""
        read = Note.parse(note)
        policy = self._policy
        return policy is None or policy.is_reached(signers(read, policy.keys))

    def refuse_unreachable(self) -> None:
        """Raises `ProofError` where those that are asked can never be the quorum.

        Without a policy it is said that what they answer is not checked.
        """
        if self._policy is None:
            if self._asked:
                say_error(_NOT_CHECKED)
        elif not self._policy.is_reached([key for one in self._asked for key in one.keys]):
            problem = f"names no URL of those that its quorum {shown(self._policy.quorum)} needs"
            raise ProofError(str(self._file), problem)

    def cosigned(self, proving: Proving, owner: OwnerKey) -> bytes:
        """A signed checkpoint of now with enough cosignatures.

        Those that are missing are said; raises `ProofError` where they were needed.
        """
        found = cosigned(proving, proving.signed(owner), self._asked)
        self._refuse_too_few(found)
        for one in found.missing:
            say_error(f"event-logger: {one}")
        if self._policy is None:
            say_error(_NOT_CHECKED)
        return found.note

    def _refuse_too_few(self, found: Cosigned) -> None:
        reasons = "; ".join(map(str, found.missing))
        if self._policy is None:
            if found.missing:
                raise ProofError("the checkpoint", f"is not cosigned: {reasons}")
            return
        if not self.is_enough(found.note):
            raise ProofError(
                "the checkpoint",
                f"is not cosigned by the quorum {shown(self._policy.quorum)}: "
                f"{reasons or 'the policy names no URL of those that are missing'}",
            )
