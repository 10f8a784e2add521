"""Notes, checkpoints and keys are read to the byte, or refused."""

from __future__ import annotations

import pytest

from projections.checkpoint import Checkpoint, Note, Signature, VerifierKey, number_of

ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
LINE = (
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5"
    "/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
TEXT = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n"
NOTE = f"{TEXT}\n{LINE}"
"""The example of tlog-checkpoint."""

KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
"""The example of signed-note."""


def test_the_example_of_the_specification() -> None:
    note = Note.parse(NOTE.encode())
    assert str(note) == NOTE
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert str(checkpoint) == TEXT
    (signature,) = note.signatures
    assert (signature.name, len(signature.key_id), len(signature.signed)) == (
        "example.com/behind-the-sofa",
        4,
        64,
    )


def test_a_text_may_hold_empty_lines_and_signatures_follow_the_last() -> None:
    note = Note.parse(f"one\n\n{LINE}\n\n{LINE}".encode())
    assert note.text == f"one\n\n{LINE}\n"
    assert len(note.signatures) == 1


def test_sixteen_signatures_are_read_and_unknown_ones_too() -> None:
    lines = [str(Signature(f"w{n}.example", b"1234", bytes(4900))) for n in range(100)]
    assert len(Note.parse(f"{TEXT}\n{''.join(lines[:16])}".encode()).signatures) == 16
    assert len(Note.parse(f"{TEXT}\n{''.join(lines)}".encode()).signatures) == 100


NO_NOTE = {
    "nothing": (b"", "signatures follow"),
    "no signature": (TEXT.encode(), "signatures follow"),
    "an empty line and no signature": (f"{TEXT}\n".encode(), "signatures follow"),
    "no line end": (NOTE[:-1].encode(), "signatures follow"),
    "a cut signature": (f"{NOTE[:-10]}\n".encode(), "no base64"),
    "no UTF-8": (b"\xff" + NOTE.encode(), "is no UTF-8"),
    "a NUL": (NOTE.replace("sofa", "so\0fa").encode(), "control character"),
    "a carriage return": (NOTE.replace("\n", "\r\n").encode(), "control character"),
    "a tab": (NOTE.replace("sofa ", "sofa\t").encode(), "control character"),
    "a hyphen": (NOTE.replace("\u2014", "-").encode(), "no signature"),
    "no name": (NOTE.replace("\u2014 example.com/behind-the-sofa", "\u2014 ").encode(), "no sig"),
    "two blanks": (NOTE.replace("\u2014 ", "\u2014  ").encode(), "no signature"),
    "a plus in a name": (NOTE.replace("\u2014 example", "\u2014 ex+mple").encode(), "no signature"),
    "a blank in a name": (NOTE.replace("\u2014 ex", "\u2014 e\u2003x").encode(), "no signature"),
    "a line that is no signature": (f"{NOTE}more\n".encode(), "no signature"),
    "a line after it": (f"{NOTE}\n".encode(), "signatures follow|no signature"),
    "a line twice": (f"{NOTE}{LINE}".encode(), "twice"),
    "base64 without its end": (NOTE.replace("AYQ8=", "AYQ8").encode(), "no base64"),
    "base64 of another spelling": (NOTE.replace("AYQ8=", "AYQ9=").encode(), "no base64"),
    "base64 of URLs": (NOTE.replace("5/Zhc", "5_Zhc").encode(), "no base64"),
    "base64 with a blank": (NOTE.replace("AYQ8=", "AYQ8= ").encode(), "no base64"),
    "a signature of nothing": (f"{TEXT}\n\u2014 example.com AAAAAA==\n".encode(), "too short"),
    "too many signatures": (
        f"{TEXT}\n{''.join(str(Signature(f'w{n}', b'1234', b'1')) for n in range(101))}".encode(),
        "101 signatures",
    ),
    "too long": (b"a" * 1_000_001, "1,000,001 bytes"),
}


@pytest.mark.parametrize("what", NO_NOTE)
def test_what_is_no_note(what: str) -> None:
    note, sentence = NO_NOTE[what]
    with pytest.raises(ValueError, match=sentence):
        Note.parse(note)


NO_CHECKPOINT = {
    "nothing": ("", "lines"),
    "two lines": ("example.com/log\n7\n", "2 lines"),
    "an extension": (f"{TEXT}more\n", "4 lines"),
    "no line end": (TEXT[:-1], "lines"),
    "no origin": (f"\n7\n{ROOT}\n", "origin"),
    "a blank in the origin": (f"a log\n7\n{ROOT}\n", "origin"),
    "a plus in the origin": (f"a+log\n7\n{ROOT}\n", "origin"),
    "an empty root": ("a\n7\n\n", "no base64"),
    "a root of 31 bytes": ("a\n7\n" + "A" * 40 + "AA==\n", "31 bytes"),
    "a root of 33 bytes": ("a\n7\n" + "A" * 44 + "\n", "33 bytes"),
    "a root of another spelling": (f"a\n7\n{ROOT.replace('2I=', '2J=')}\n", "no base64"),
}


@pytest.mark.parametrize("what", NO_CHECKPOINT)
def test_what_is_no_checkpoint(what: str) -> None:
    text, sentence = NO_CHECKPOINT[what]
    with pytest.raises(ValueError, match=sentence):
        Checkpoint.parse(text)


@pytest.mark.parametrize("text", ["0", "7", "10", str(2**63 - 1)])
def test_numbers_as_they_are_written(text: str) -> None:
    assert number_of(text, "size") == int(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "-1", "+1", "01", "00", " 1", "1 ", "1.0", "1e3", "0x1", "1_0", "\u0661", "7\n"),
        *(str(2**63), str(2**64), "9" * 5000),
    ],
)
def test_numbers_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="which is no number as they are written"):
        number_of(text, "size")


def test_a_key_is_given_away_as_the_specification_has_it() -> None:
    key = VerifierKey.parse(KEY)
    assert str(key) == KEY
    assert (key.name, key.kind, key.key_id.hex()) == ("example.com/foo", 1, "530d903a")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/foo",
        KEY.replace("530d903a", "530d903b"),
        KEY.replace("530d903a", "530D903A"),
        KEY.replace("foo", "fo o"),
        KEY.replace("foo", "fou"),
        KEY.replace("+Aeky", "+Beky"),
        KEY[:-4],
        f"{KEY}=",
        f"{KEY}\n",
        f" {KEY}",
        "example.com/foo+530d903a+",
        "example.com/foo+530d903a+AQ==",
    ],
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        VerifierKey.parse(text)
