"""The bytes of a leaf are fixed for good: anybody's program computes the same."""

from __future__ import annotations

from hashlib import sha256

import pytest

from projections.leaf import EVENT, OPENING, TRANSITION, entry_hash, leaf_data

STATE = b'{"recorded_at":"2024-05-12T14:00:01.000000Z","event_type":"GAS_FEE_PAID"}'
WRITER = sha256(b'{"id":"w1"}').digest()
Fields = tuple[bytes, int, str, bytes, int | None, bytes | None]

GOLDEN: list[tuple[Fields, str, str]] = [
    (
        (OPENING, 0, "audit-log.opened", b"{}", None, None),
        "6576656e742d6c6f676765722f6c6561662f76310a"
        "0007" "6f70656e696e67"
        "0008" "0000000000000000"
        "0010" "61756469742d6c6f672e6f70656e6564"
        "0020" "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        "0000"
        "0000",
        "a9ccb485b0648343efee4bb9d1fb34a2acbed8dca9f0a3fb2393301b7f2f13b1",
    ),
    (
        (EVENT, 1523, "audit-log.event-logged", STATE, 1715522400000001, WRITER),
        "6576656e742d6c6f676765722f6c6561662f76310a"
        "0005" "6576656e74"
        "0008" "00000000000005f3"
        "0016" "61756469742d6c6f672e6576656e742d6c6f67676564"
        "0020" "67e206112b90d6d90b934309c71d6152f746e8b4dca3f2dedf27d42974bb5ffe"
        "0008" "000618422f419801"
        "0020" "2aef9d75cca8b80d31fd0032f2815fd97f5989ef00ebcdcdad90cf9a6d63ac30",
        "808575c4179c60150b3d179a84859c1abbadcd234602ff34527cb6ff2c3a9446",
    ),
    (
        (TRANSITION, 2**63 - 1, "event-lifecycle.updated", b"{}", -1, None),
        "6576656e742d6c6f676765722f6c6561662f76310a"
        "000a" "7472616e736974696f6e"
        "0008" "7fffffffffffffff"
        "0017" "6576656e742d6c6966656379636c652e75706461746564"
        "0020" "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        "0008" "ffffffffffffffff"
        "0000",
        "e6c3b49329ebd9fbfc9d995d72d26dc8895849e3c209c3d9143d4e9cdd55a00a",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "data", "hashed"), GOLDEN)
def test_the_bytes_of_a_leaf(fields: Fields, data: str, hashed: str) -> None:
    kind, number, topic, state, committed_at, writer = fields
    made = leaf_data(kind, number, topic, sha256(state).digest(), committed_at, writer)
    assert made.hex() == data
    assert sha256(b"\x00" + made).hexdigest() == hashed
    assert entry_hash(*fields).hex() == hashed


@pytest.mark.parametrize("place", range(6))
def test_every_field_is_in_the_leaf(place: int) -> None:
    fields: list[object] = [EVENT, 7, "topic", STATE, 5, WRITER]
    others: list[object] = [TRANSITION, 8, "topics", STATE + b" ", 6, sha256(b"").digest()]
    changed = [*fields[:place], others[place], *fields[place + 1 :]]
    assert entry_hash(*changed) != entry_hash(*fields)  # type: ignore[arg-type]
