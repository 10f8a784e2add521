"""Policies are read to the byte, or refused with their line; a quorum is reached or not."""

from __future__ import annotations

from contextlib import suppress
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.checkpoint import COSIGNATURE, ED25519, VerifierKey
from projections.policy import Policy

LOG = VerifierKey("example.com/desk1/log", ED25519, b"L" * 32)
OTHER = VerifierKey("example.com/desk1/other", ED25519, b"M" * 32)
X1, X2, X3, Y1, Y2, Y3 = (
    VerifierKey(f"{name}.example", COSIGNATURE, name.encode() * 16)
    for name in ("X1", "X2", "X3", "Y1", "Y2", "Y3")
)
KEYS = {"X1": X1, "X2": X2, "X3": X3, "Y1": Y1, "Y2": Y2, "Y3": Y3}
WITNESSES = "".join(f"witness {name} {key}\n" for name, key in KEYS.items())

SPECIFIED = f"""log {LOG}

witness X1 {X1}
witness X2 {X2}
witness X3 {X3}
group X-witnesses 2 X1 X2 X3

witness Y1 {Y1}
witness Y2 {Y2}
witness Y3 {Y3}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""
"""The example of tlog-policy."""


def policy(text: str) -> Policy:
    return Policy.parse(text.encode())


def test_the_example_of_the_specification() -> None:
    read = policy(SPECIFIED)
    assert [one.key for one in read.logs] == [LOG]
    assert [one.name for one in read.witnesses] == list(KEYS)
    for count in range(7):
        for signed in combinations(KEYS, count):
            xs = sum(name.startswith("X") for name in signed)
            keys = [KEYS[name] for name in signed]
            assert read.is_reached(keys) == (xs >= 2 and count > xs), signed


QUORUMS: dict[str, tuple[str, tuple[str, ...], bool]] = {
    "none": ("quorum none\n", (), True),
    "none before anything": ("quorum none\n" + WITNESSES, (), True),
    "a witness": (WITNESSES + "quorum X1\n", ("X1",), True),
    "not this one": (WITNESSES + "quorum X1\n", ("X2", "X3"), False),
    "any": (WITNESSES + "group g any X1 X2\nquorum g\n", ("X2",), True),
    "any of none": (WITNESSES + "group g any X1 X2\nquorum g\n", ("X3",), False),
    "all": (WITNESSES + "group g all X1 X2\nquorum g\n", ("X1", "X2"), True),
    "not all": (WITNESSES + "group g all X1 X2\nquorum g\n", ("X1",), False),
    "as many": (WITNESSES + "group g 2 X1 X2 X3\nquorum g\n", ("X1", "X3"), True),
    "one twice is one": (WITNESSES + "group g 2 X1 X2 X3\nquorum g\n", ("X1", "X1"), False),
    "a group of a group": (
        WITNESSES + "group g any X1\ngroup h all g\ngroup i 1 h\nquorum i\n",
        ("X1",),
        True,
    ),
    "a name like a keyword": (f"witness all {X1}\ngroup any all all\nquorum any\n", ("X1",), True),
}


@pytest.mark.parametrize("what", QUORUMS)
def test_when_a_quorum_is_reached(what: str) -> None:
    text, signed, is_reached = QUORUMS[what]
    read = policy(text)
    keys = [KEYS[name] for name in signed]
    assert read.is_reached(keys) is is_reached
    if not is_reached:
        with pytest.raises(ValueError, match="which is not the quorum"):
            read.refuse_without_quorum(keys)


def test_what_may_stand_in_a_policy() -> None:
    read = policy(
        f"# a comment\n  \t\n\t# another \xe9\nlog\t {LOG} \t https://log.example/\n"
        f" witness \xe9\u2003 {X1} \t\nlog {OTHER}\nquorum \xe9\u2003\nwitness late {X2} http://w/\n"
    )
    assert [(one.name, one.url) for one in read.logs] == [
        (LOG.name, "https://log.example/"),
        (OTHER.name, None),
    ]
    assert [(one.name, one.url) for one in read.witnesses] == [
        ("\xe9\u2003", None),
        ("late", "http://w/"),
    ]
    assert read.quorum == "\xe9\u2003"


def test_names_are_octets() -> None:
    opaque = b"witness \xff " + str(X1).encode() + b"\nquorum \xff\n"
    assert Policy.parse(opaque).is_reached([X1])
    with pytest.raises(ValueError, match="no line before it defines"):
        Policy.parse(opaque.replace(b"quorum \xff", b"quorum \xfe"))
    with pytest.raises(ValueError, match="no line before it defines"):
        policy(f"witness K {X1}\nquorum \u212a\n")


def test_a_hundred_of_each() -> None:
    lines = []
    for n in range(100):
        public = n.to_bytes(32, "big")
        lines += [f"log {VerifierKey(f'log{n}', ED25519, b'L' + public[1:])}"]
        lines += [f"witness w{n} {VerifierKey(f'w{n}', COSIGNATURE, public)}"]
        lines += [f"group g{n} all w{n}" + (f" g{n - 1}" if n else "")]
    read = policy("\n".join([*lines, "quorum g99", ""]))
    assert read.is_reached([one.key for one in read.witnesses])
    assert not read.is_reached([one.key for one in read.witnesses[1:]])


REFUSED: dict[str, tuple[str, str]] = {
    "nothing": ("", "has no quorum line"),
    "no quorum": (WITNESSES, "has no quorum line"),
    "two quorums": ("quorum none\nquorum none\n", "line 2 is a second quorum"),
    "a quorum of two": (WITNESSES + "quorum X1 X2\n", "quorum NAME"),
    "a quorum of nothing": ("quorum\n", "quorum NAME"),
    "a quorum unknown": ("quorum X1\n", "'X1', which no line before it defines"),
    "a quorum defined later": (f"quorum X1\n{WITNESSES}", "line 1 names 'X1'"),
    "a last line that is cut": (WITNESSES + "quorum X1", "its last line has no end"),
    "an unknown word": ("quorums none\n", "begins with 'quorums'"),
    "a word in capitals": ("QUORUM none\n", "begins with 'QUORUM'"),
    "a comment behind": ("quorum none # nobody\n", "quorum NAME"),
    "a carriage return": ("quorum none\r\n", "control character"),
    "a NUL": ("quorum none\n#\0\n", "line 2 holds a control character"),
    "a DEL": ("#\x7f\nquorum none\n", "line 1 holds a control character"),
    "a log without a key": ("log\nquorum none\n", "log VKEY"),
    "a log of four words": (f"log {LOG} u v\nquorum none\n", "log VKEY"),
    "a log of no key": ("log example.com/x\nquorum none\n", "is no verifier key"),
    "a log of a witness' key": (f"log {X1}\nquorum none\n", "which cosigns"),
    "a witness of a log's key": (f"witness a {LOG}\nquorum none\n", "which signs for a log"),
    "a witness without a name": (f"witness {X1}\nquorum none\n", "witness NAME"),
    "a witness called none": (f"witness none {X1}\nquorum none\n", "quorum of nobody"),
    "a group called none": (WITNESSES + "group none any X1\nquorum none\n", "quorum of nobody"),
    "a name twice": (f"witness a {X1}\nwitness a {X2}\nquorum a\n", "which a line before it did"),
    "a group like a witness": (WITNESSES + "group X1 any X2\nquorum X1\n", "a line before it did"),
    "a group in itself": (WITNESSES + "group g any g\nquorum g\n", "no line before it defines"),
    "a member unknown": (WITNESSES + "group g any Z\nquorum g\n", "no line before it defines"),
    "none as a member": (WITNESSES + "group g any none\nquorum g\n", "no line before it defines"),
    "a member twice": (WITNESSES + "group g 2 X1 X1\nquorum g\n", "that a group has already"),
    "a member of two groups": (
        WITNESSES + "group g any X1\ngroup h all g X1\nquorum h\n",
        "that a group has already",
    ),
    "a group without members": (WITNESSES + "group g any\nquorum g\n", "group NAME"),
    "none of some": (WITNESSES + "group g 0 X1\nquorum g\n", "wants '0' of 1"),
    "too many of some": (WITNESSES + "group g 2 X1\nquorum g\n", "wants '2' of 1"),
    "a number with a zero": (WITNESSES + "group g 01 X1\nquorum g\n", "wants '01'"),
    "a number with a sign": (WITNESSES + "group g +1 X1\nquorum g\n", "wants '[+]1'"),
    "a number of others": (WITNESSES + "group g \u0661 X1\nquorum g\n", "wants"),
    "a number without end": (WITNESSES + f"group g {'9' * 5000} X1\nquorum g\n", "wants"),
    "most": (WITNESSES + "group g most X1\nquorum g\n", "wants 'most'"),
    "a log twice": (f"log {LOG}\nlog {LOG}\nquorum none\n", "line 2 names a log by a public key"),
    "a log's key under another name": (
        f"log {LOG}\nlog {LOG._replace(name='b')}\nquorum none\n",
        "names a log by a public key",
    ),
    "a witness' key under another name": (
        f"witness a {X1}\nwitness b {X1._replace(name='b')}\nquorum none\n",
        "line 2 names a witness by a public key",
    ),
    "a log that cosigns": (
        f"log {LOG}\nwitness a {LOG._replace(kind=COSIGNATURE)}\nquorum a\n",
        "no log is its own witness",
    ),
    "a log that cosigns under another name": (
        f"witness a {X1}\nlog {X1._replace(kind=ED25519, name='b')}\nquorum a\n",
        "no log is its own witness",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_policy(what: str) -> None:
    text, sentence = REFUSED[what]
    with pytest.raises(ValueError, match=sentence):
        policy(text)


def test_a_policy_that_is_too_large_or_names_a_key_that_is_no_text() -> None:
    with pytest.raises(ValueError, match="1,000,001 bytes"):
        Policy.parse(b"#" * 1_000_000 + b"\n")
    with pytest.raises(ValueError, match=r"line 1 '.*' is no verifier key"):
        Policy.parse(b"log \xff" + str(LOG).encode() + b"\nquorum none\n")


def test_a_log_that_is_known_by_its_line() -> None:
    read = policy(f"witness a {X1}\nquorum a\n")
    assert read.with_log(LOG).keys == [LOG, X1]
    assert read.with_log(LOG).with_log(LOG).keys == [LOG, X1]
    with pytest.raises(ValueError, match="no log is its own witness"):
        read.with_log(X1._replace(kind=ED25519))


HEARTBEAT = VerifierKey(f"{LOG.name}/heartbeat", COSIGNATURE, b"H" * 32)


def test_a_heartbeat_tells_a_time_and_is_no_witness() -> None:
    known = f"witness h {HEARTBEAT}\nwitness a {X1}\n"
    assert policy(f"log {LOG}\n{known}quorum a\n").keys == [LOG, HEARTBEAT, X1]
    for counted in ("quorum h\n", "group g any a h\nquorum a\n", "group g any h\nquorum g\n"):
        with pytest.raises(ValueError, match="the witness 'h' has a key of the log"):
            policy(f"log {LOG}\n{known}{counted}")
        with pytest.raises(ValueError, match="the witness 'h' has a key of the log"):
            policy(known + counted).with_log(LOG)
    another = HEARTBEAT._replace(name=f"{LOG.name}s/w")
    assert policy(f"log {LOG}\nwitness h {another}\nquorum h\n").is_reached([another])


@given(st.data())
def test_a_policy_of_which_one_byte_is_another_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(SPECIFIED.encode())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] = data.draw(st.integers(0, 255))
    with suppress(ValueError):
        read = Policy.parse(bytes(whole))
        assert not read.is_reached([])
        assert len({one.key.public for one in read.witnesses}) == len(read.witnesses)
