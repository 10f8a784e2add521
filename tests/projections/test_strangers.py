"""Strangers' code agrees with ours: on trees, notes, keys and proofs."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256

import pytest

from projections.checkpoint import COSIGNATURE, Checkpoint
from projections.leaf import EVENT, leaf_data
from projections.merkle import (
    consistency_spans,
    inclusion_spans,
    is_consistent,
    is_included,
    root_of,
    roots_of,
)
from projections.policy import Policy
from projections.verification import checked_checkpoint
from tests.projections.test_merkle import many
from tests.projections.test_verification import (
    HASHES,
    LEAVES,
    LOG,
    ORIGIN,
    WITNESS,
    Signer,
    note_of,
    proof_of,
)


@pytest.mark.parametrize("size", range(1, 34))
def test_trees(size: int) -> None:
    import tamperlog.merkle as their_trees

    leaves = many(size)
    root = root_of(leaves)
    assert their_trees.merkle_root(leaves) == root
    for index in range(size):
        proof = their_trees.inclusion_proof(index, leaves)
        assert roots_of(inclusion_spans(index, size), leaves) == proof
        assert is_included(leaves[index], index, size, proof, root)
    for old in range(1, size + 1):
        proof = their_trees.consistency_proof(old, leaves)
        assert roots_of(consistency_spans(old, size), leaves) == proof
        assert is_consistent(old, root_of(leaves[:old]), size, root, proof)


def test_keys_and_notes() -> None:
    import proofbundle.checkpoint as their_notes

    public = LOG.public.public
    assert their_notes.vkey(ORIGIN, public) == str(LOG.public)
    assert their_notes.key_id(ORIGIN, public) == LOG.public.key_id
    root = root_of(HASHES)
    assert their_notes.checkpoint_note(ORIGIN, 13, root) == str(Checkpoint(ORIGIN, 13, root))
    theirs = their_notes.sign_checkpoint(ORIGIN, 13, root, LOG.key, ORIGIN)
    assert theirs.encode() == note_of(13)
    cosigned = their_notes.cosign_checkpoint(
        theirs, WITNESS.key, WITNESS.public.name, timestamp=1679315147
    )
    assert cosigned.encode() == note_of(13, LOG, WITNESS)


def test_cosignatures() -> None:
    import proofbundle.checkpoint as their_notes
    from proofbundle.errors import BundleFormatError

    line = str(WITNESS.public)
    assert their_notes.cosign_vkey(WITNESS.public.name, WITNESS.public.public) == line
    note = note_of(13, LOG, WITNESS, Signer(ORIGIN, COSIGNATURE))
    found = their_notes.verify_cosignature(note.decode(), line)
    assert (found["ok"], found["timestamp"], found["root"]) == (True, 1679315147, root_of(HASHES))
    assert checked_checkpoint(note, [LOG.public, WITNESS.public]).keys == (
        LOG.public,
        WITNESS.public,
    )
    log_as_witness = their_notes.cosign_vkey(ORIGIN, LOG.public.public)
    for witnesses, threshold in (([line], 1), ([log_as_witness], 1), ([line], 2)):
        policy = f"log {LOG.public}\n" + "".join(
            f"witness w{n} {one}\n" for n, one in enumerate(witnesses)
        )
        names = " ".join(f"w{n}" for n in range(len(witnesses)))
        ours = theirs = False
        with suppress(ValueError):
            read = Policy.parse(f"{policy}group g {threshold} {names}\nquorum g\n".encode())
            ours = read.is_reached(checked_checkpoint(note, read.keys).keys)
        with suppress(BundleFormatError):
            theirs = their_notes.verify_witnessed_checkpoint(
                note.decode(), str(LOG.public), witnesses, threshold=threshold
            )["ok"]
        assert (ours, theirs) == ((witnesses, threshold) == ([line], 1),) * 2


@pytest.mark.parametrize("index", range(1, 12))
def test_proofs(index: int) -> None:
    from proofbundle.tlogproof import verify_tlog_proof

    leaf = LEAVES[index]
    digest = sha256(leaf.state).digest()
    data = leaf_data(EVENT, leaf.number, leaf.topic, digest, leaf.committed_at, leaf.writer)
    for logged, holds in ((data, True), (data + b" ", False)):
        verdict = verify_tlog_proof(proof_of(index).decode(), logged, str(LOG.public))
        assert verdict["ok"] is holds
