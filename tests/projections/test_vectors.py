"""The vectors of docs/proofs.md are what this program computes, and what other means compute."""

from __future__ import annotations

from base64 import b64decode
from hashlib import sha256

from infrastructure.cosigning import WitnessKey
from infrastructure.signing import OwnerKey
from projections.checkpoint import Checkpoint, base64_text
from projections.leaf import leaf_data
from projections.merkle import Tree, leaf_hash, root_of
from tests.documents import fenced
from tests.support import ROOT


def vectors() -> list[dict[str, str]]:
    """The paragraphs of `name value` lines in the page."""
    blocks = [
        text
        for language, block in fenced(ROOT / "docs/proofs.md")
        if language == "text" and not block.startswith("log ")
        for text in block.strip().split("\n\n")
    ]
    return [dict(line.split(maxsplit=1) for line in text.splitlines()) for text in blocks]


def by_hand(said: dict[str, str]) -> bytes:
    """The data of a leaf from the words of the page alone."""
    time = said.get("time")
    writer = said.get("writer")
    fields = (
        said["kind"].encode(),
        int(said["number"]).to_bytes(8, "big"),
        said["topic"].encode(),
        sha256(said["state"].encode()).digest(),
        b"" if time is None else int(time).to_bytes(8, "big", signed=True),
        b"" if writer is None else sha256(writer.encode()).digest(),
    )
    framed = b"".join(len(field).to_bytes(2, "big") + field for field in fields)
    return b"event-logger/leaf/v1\n" + framed


def test_the_leaves_of_the_page() -> None:
    *leaves, _ = vectors()
    assert [one["kind"] for one in leaves] == ["opening", "event", "transition"]
    tree = Tree()
    for one in leaves:
        writer = None if "writer" not in one else sha256(one["writer"].encode()).digest()
        data = leaf_data(
            one["kind"].encode(),
            int(one["number"]),
            one["topic"],
            sha256(one["state"].encode()).digest(),
            int(one["time"]) if "time" in one else None,
            writer,
        )
        assert data == by_hand(one) == bytes.fromhex(one["leaf"])
        assert leaf_hash(data).hex() == sha256(b"\0" + data).hexdigest() == one["hash"]
        tree.append(leaf_hash(data))
        assert tree.root() == b64decode(one["root"])


def test_the_signatures_of_the_page() -> None:
    *leaves, said = vectors()
    root = root_of(bytes.fromhex(one["hash"]) for one in leaves)
    owner = OwnerKey("example.com/desk1", bytes(range(32)))
    identity = said["origin"].rpartition("/")[2]
    assert str(owner.verifier_key(identity)) == said["vkey"]
    checkpoint = Checkpoint(said["origin"], len(leaves), root)
    (signature,) = owner.signed(checkpoint, identity).signatures
    assert base64_text(signature.key_id + signature.signed) == said["signed"]
    witness = WitnessKey("witness.example.com/w1", bytes(range(32, 64)))
    assert str(witness.public) == said["witness"]
    cosignature = witness.cosigned(str(checkpoint), 1_700_000_000)
    assert base64_text(cosignature.key_id + cosignature.signed) == said["cosigned"]
