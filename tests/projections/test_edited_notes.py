"""However a note, a proof or a request is edited: it says the same, or is refused in a sentence."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from projections.checkpoint import ED25519, VerifierKey
from projections.policy import Named
from projections.verification import checked_checkpoint, checked_inclusion
from projections.witnessing import Refused, refused, submitted
from tests.projections.test_verification import LOG, WITNESS, growth, note_of, proof_of

KEYS = [LOG.public, WITNESS.public]
NOTE = note_of(5, LOG, WITNESS)
PROOF = proof_of(3)
OLD, REQUEST = checked_checkpoint(note_of(5), KEYS).checkpoint, growth(5, 9)
NEW = checked_checkpoint(note_of(9), KEYS).checkpoint
TOLD = checked_inclusion(PROOF, KEYS)


def edits(data: bytes) -> st.SearchStrategy[bytes]:
    """The data with one or two bytes or lines changed, put in, taken out, doubled or swapped."""
    places = st.integers(0, len(data) - 1)
    values = st.integers(0, 255).map(lambda value: bytes([value]))
    lines = data.splitlines(keepends=True)

    def at(place: int, put: bytes, taken: int) -> bytes:
        return data[:place] + put + data[place + taken :]

    def swapped(pair: tuple[int, int]) -> bytes:
        one, other = pair
        moved = [*lines]
        moved[one], moved[other] = moved[other], moved[one]
        return b"".join(moved)

    line = st.integers(0, len(lines) - 1)
    return st.one_of(
        st.builds(at, places, values, st.integers(0, 1)),
        st.builds(at, places, st.just(b""), st.integers(1, 70)),
        st.builds(lambda n, times: b"".join([*lines[:n], lines[n] * times, *lines[n + 1 :]]),
                  line, st.integers(0, 3)),
        st.tuples(line, line).map(swapped),
    )  # fmt: skip


@settings(max_examples=80)
@given(edits(NOTE))
def test_a_note(edited: bytes) -> None:
    with suppress(ValueError):
        assert checked_checkpoint(edited, KEYS).checkpoint == OLD


@settings(max_examples=80)
@given(edits(PROOF))
def test_a_proof(edited: bytes) -> None:
    with suppress(ValueError):
        found = checked_inclusion(edited, KEYS)
        assert (found.leaf, found.position) == (TOLD.leaf, TOLD.position)
        assert found.by.checkpoint == TOLD.by.checkpoint


@settings(max_examples=80)
@given(edits(REQUEST))
def test_a_request(edited: bytes) -> None:
    given_ = submitted(edited, [Named(LOG.public.name, LOG.public, None)])
    verdict = given_ if isinstance(given_, Refused) else refused(given_, OLD)
    if verdict is None:
        assert not isinstance(given_, Refused)
        assert given_.checkpoint == NEW
    else:
        assert verdict.status in (400, 403, 404, 409, 422)
        assert verdict.sentence.isprintable()


@settings(max_examples=50)
@given(edits(str(LOG.public).encode()))
def test_a_public_line(edited: bytes) -> None:
    with suppress(ValueError):
        key = VerifierKey.parse(edited.decode())
        assert str(key).encode() == edited
        assert (key.kind, len(key.public)) == (ED25519, 32)
