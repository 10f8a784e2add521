"""A stranger's program: the roots of a log in a SQLite store, and of a proof's file.

Written from docs/proofs.md alone, with Python's standard library alone.
"""

import json
import sqlite3
import sys
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path


def leaf(
    kind: str, number: int, topic: str, state: bytes, time: int | None, writer: bytes | None
) -> bytes:
    fields = [kind.encode(), number.to_bytes(8, "big"), topic.encode(), sha256(state).digest()]
    fields += [b"" if time is None else time.to_bytes(8, "big", signed=True), writer or b""]
    framed = b"".join(len(field).to_bytes(2, "big") + field for field in fields)
    return sha256(b"\0event-logger/leaf/v1\n" + framed).digest()


def root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    first = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + root(leaves[:first]) + root(leaves[first:])).digest()


def root_over(found: bytes, index: int, size: int, hashes: list[bytes]) -> bytes:
    if size == 1:
        return found
    first, beside = 1 << (size - 1).bit_length() - 1, hashes[-1]
    if index < first:
        return sha256(b"\1" + root_over(found, index, first, hashes[:-1]) + beside).digest()
    right = root_over(found, index - first, size - first, hashes[:-1])
    return sha256(b"\1" + beside + right).digest()


def root_of_store(path: str, identity: str) -> bytes:
    run = sqlite3.connect(path).execute
    ((log,),) = run("SELECT log_id FROM audit_logs WHERE identity=?", (identity,))
    said = run("SELECT writer, introduction FROM writers WHERE log_id=?", (log,))
    writers = {None: None} | {number: sha256(text).digest() for number, text in said}
    entries = [
        (order, 0, "event" if order else "opening", order, topic, state, time, writers[writer])
        for order, topic, state, time, writer in run(
            "SELECT originator_version, topic, state, committed_at, writer FROM stored_events"
            " WHERE originator_id=?",
            (log,),
        )
    ]
    entries += [
        (after, number, "transition", number, topic, state, time, writers[writer])
        for after, number, topic, state, time, writer in run(
            "SELECT after_order, t.number, topic, state, committed_at, writer FROM transitions t"
            " JOIN stored_events ON originator_id=lifecycle_id AND originator_version=version"
            " WHERE log_id=?",
            (log,),
        )
    ]
    return root([leaf(*entry[2:]) for entry in sorted(entries)])


def root_of_proof(text: str) -> bytes:
    head, _, note = text.partition("\n\n")
    _, extra, index, *hashes = head.split("\n")
    said = json.loads(b64decode(extra.removeprefix("extra ")))
    writer = said["writer"] and bytes.fromhex(said["writer"])
    state, time = said["state"].encode(), said["committed_at"]
    found = leaf(said["kind"], said["number"], said["topic"], state, time, writer)
    size = int(note.split("\n")[1])
    return root_over(found, int(index.removeprefix("index ")), size, list(map(b64decode, hashes)))


if __name__ == "__main__":
    store, name, *proofs = sys.argv[1:]
    print(b64encode(root_of_store(store, name)).decode())
    for proof in proofs:
        print(b64encode(root_of_proof(Path(proof).read_text(encoding="utf-8"))).decode())
