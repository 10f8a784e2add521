"""Strangers' code agrees with ours: on trees, notes, keys and proofs."""

from __future__ import annotations

from hashlib import sha256

import pytest

from projections.checkpoint import Checkpoint
from projections.leaf import EVENT, leaf_data
from projections.merkle import (
    consistency_spans,
    inclusion_spans,
    is_consistent,
    is_included,
    root_of,
    roots_of,
)
from tests.projections.test_merkle import many
from tests.projections.test_verification import (
    HASHES,
    LEAVES,
    LOG,
    ORIGIN,
    WITNESS,
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


@pytest.mark.parametrize("index", range(1, 12))
def test_proofs(index: int) -> None:
    from proofbundle.tlogproof import verify_tlog_proof

    leaf = LEAVES[index]
    digest = sha256(leaf.state).digest()
    data = leaf_data(EVENT, leaf.number, leaf.topic, digest, leaf.committed_at, leaf.writer)
    for logged, holds in ((data, True), (data + b" ", False)):
        verdict = verify_tlog_proof(proof_of(index).decode(), logged, str(LOG.public))
        assert verdict["ok"] is holds
