"""`export --certified`: whoever has the file and the note beside it needs no store to check it."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from event_logger import EventLogger
from projections.certified_export import CertifiedExport, checked_export
from projections.checkpoint import Note, VerifierKey, base64_text
from tests.commands import Done, run
from tests.projections.test_verification import LOG, WITNESS, note_of
from tests.small_log import fill
from tests.support import HOUR, url_of


class Desk:
    """A live log, its owner's key, and what was exported of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url, self.key = url_of(folder / "runs.db"), str(folder / "key")
        self.csv, self.jsonl = folder / "log.csv", folder / "log.jsonl"

    def make(self) -> Desk:
        with EventLogger("live", store=self.url, redis=False) as logger:
            fill(logger)
        run("key", "new", self.key, "--prefix", "example.com/desk1")
        self.export(self.csv)
        self.export(self.jsonl, "--format", "jsonl")
        return self

    def export(self, path: Path, *more: str, code: int = 0) -> Done:
        files = ("--store", self.url, "--key", self.key, "-o", str(path))
        return run("export", "--certified", *files, *more, code=code)

    @property
    def vkey(self) -> str:
        return run("key", "show", self.key, "--store", self.url).stdout.strip()

    def verify(self, path: Path, *more: str, code: int = 0) -> Done:
        return run("verify", str(path), "--vkey", self.vkey, *more, code=code)


def beside(path: Path) -> Path:
    return Path(f"{path}.certified")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certified")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENT_LOGGER_CHECKPOINTS", str(folder / "kept"))
        Desk(folder).make()
    return folder


@pytest.fixture
def desk(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("EVENT_LOGGER_CHECKPOINTS", str(tmp_path / "kept"))
    monkeypatch.delenv("EVENT_LOGGER_KEY", raising=False)
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return Desk(tmp_path)


def test_a_file_holds_without_its_store(desk: Desk) -> None:
    vkey, parquet = desk.vkey, desk.folder / "log.parquet"
    desk.export(parquet, "--format", "parquet")
    Path(desk.folder / "runs.db").unlink()
    for path, form in ((desk.csv, "csv"), (desk.jsonl, "jsonl"), (parquet, "parquet")):
        for named in (path, beside(path)):
            out = run("verify", str(named), "--vkey", vkey).stdout.splitlines()
            origin = vkey.split("+")[0]
            assert out[0].startswith(
                f"{path} is, to the byte, what was exported of {origin} at horizon 10+5: {form}, "
            )
            assert out[1].startswith(f"checkpoint of {origin}: 16 leaves")
            assert out[2] == f"signed by {origin}"
        said = json.loads(run("verify", str(path), "--vkey", vkey, "--json").stdout)
        data = path.read_bytes()
        assert (said["holds"], said["format"], said["bytes"]) == ("export", form, len(data))
        assert (said["sha256"], said["horizon"]) == (sha256(data).hexdigest(), "10+5")
    bare = run("verify", str(desk.csv)).stdout
    assert "the signature was not checked" in bare


def test_the_file_is_what_an_export_without_it_writes(desk: Desk) -> None:
    plain = desk.folder / "plain"
    for path, form in ((desk.csv, "csv"), (desk.jsonl, "jsonl")):
        run("export", "--store", desk.url, "--format", form, "-o", str(plain))
        assert plain.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("more", "horizon"),
    [(("--as-of", "1"), "1"), (("--as-of", "9+2"), "9+2"), (("--excel",), "10+5")],
)
def test_a_log_as_of_then_is_bound_to_a_checkpoint_of_now(
    desk: Desk, more: tuple[str, ...], horizon: str
) -> None:
    path = desk.folder / "then.csv"
    assert desk.export(path, *more).stdout == f"{path}\n{path}.certified\n"
    said = json.loads(desk.verify(path, "--json").stdout)
    assert (said["horizon"], said["size"]) == (horizon, 16)


def test_parquet_is_certified_as_the_others(desk: Desk) -> None:
    path = desk.folder / "log.parquet"
    desk.export(path, "--format", "parquet", "--as-of", "9+2")
    said = json.loads(desk.verify(path, "--json").stdout)
    assert (said["format"], said["horizon"]) == ("parquet", "9+2")
    path.write_bytes(path.read_bytes()[:-1])
    assert "it was cut or changed" in desk.verify(path, code=1).stderr


def test_a_file_that_was_changed(desk: Desk) -> None:
    data, note = desk.csv.read_bytes(), beside(desk.csv).read_bytes()
    changed = data.replace(b"STAKE", b"STOKE", 1)
    for worse, sentence in (
        (changed, "is not the file that was certified: its bytes are others"),
        (data[:-1], f"{len(data):,} were certified: it was cut or changed"),
        (data[: len(data) // 2], "it was cut or changed"),
        (b"", "it was cut or changed"),
        (data + b"\n", "it was cut or changed"),
    ):
        desk.csv.write_bytes(worse)
        said = desk.verify(desk.csv, code=1).stderr
        assert said.startswith(f"event-logger: {desk.csv} ")
        assert sentence in said
        run("verify", str(desk.csv), code=1)
    # Whoever changes both still lacks the key.
    export, _ = checked_export(note, [])
    forged = export._replace(sha256=sha256(changed).digest())
    desk.csv.write_bytes(changed)
    signatures = Note.parse(note).signatures
    beside(desk.csv).write_text(str(Note(str(forged), signatures)))
    assert "does not hold" in desk.verify(desk.csv, code=1).stderr
    assert "the signature was not checked" in run("verify", str(desk.csv)).stdout


def test_the_note_of_another_file(desk: Desk) -> None:
    shutil.copyfile(beside(desk.jsonl), beside(desk.csv))
    assert "were certified" in desk.verify(desk.csv, code=1).stderr
    other = desk.folder / "other.csv"
    desk.export(other, "--as-of", "9+5")
    shutil.copyfile(beside(other), beside(desk.csv))
    assert f"event-logger: {desk.csv} " in desk.verify(desk.csv, code=1).stderr


def test_every_line_of_the_note_is_bound(desk: Desk) -> None:
    path = beside(desk.csv)
    lines = path.read_text().split("\n")
    assert lines[-1] == ""
    for place in range(len(lines) - 1):
        for line in (f"{lines[place]}0", lines[place][:-1], None):
            edited = [*lines[:place], *([] if line is None else [line]), *lines[place + 1 :]]
            if edited == lines:
                continue
            path.write_text("\n".join(edited))
            said = desk.verify(desk.csv, code=1).stderr
            assert said.startswith(f"event-logger: {path} "), (place, line, said)
            assert said.count("\n") == 1
    path.write_bytes(b"\xff\0")
    desk.verify(desk.csv, code=1)
    path.write_text("\n".join(lines))
    desk.verify(desk.csv)


def test_a_log_of_the_same_name(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Desk(tmp_path / "other").make()
    assert "is not signed by a known key" in other.verify(desk.csv, code=1).stderr
    held = str(desk.folder / "held")
    files = ("--store", other.url, "--key", other.key, "-o", held)
    run("checkpoint", *files)
    said = run("verify", str(desk.csv), "--checkpoint", held, code=1).stderr
    assert "is for the checkpoint of 16 leaves" in said
    shutil.copyfile(beside(other.csv), beside(desk.csv))
    desk.verify(desk.csv, code=1)


def test_a_policy_needs_its_cosigners_of_an_export_too(desk: Desk) -> None:
    policy = desk.folder / "policy"
    policy.write_text(f"log {desk.vkey}\nwitness w {WITNESS.public}\nquorum w\n")
    said = run("verify", str(desk.csv), "--policy", str(policy), code=1).stderr
    assert "is cosigned by no known witness" in said
    held = desk.folder / "held"
    run("checkpoint", "--store", desk.url, "--key", desk.key, "-o", str(held))
    note = Note.parse(held.read_bytes())
    held.write_text(str(Note(note.text, [*note.signatures, WITNESS.sign(note.text)])))
    arguments = ("--policy", str(policy), "--checkpoint", str(held))
    assert "the quorum w" in run("verify", str(desk.csv), *arguments).stdout


def test_what_is_not_certified(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.folder / "new.csv"
    arguments = ("export", "--certified", "--store", desk.url)
    assert "value for --key: is missing" in run(*arguments, "-o", str(path), code=2).stderr
    assert "is for one file" in run(*arguments, "--key", desk.key, "-o", "-", code=2).stderr
    assert "no file beside which" in desk.export(desk.folder, code=1).stderr
    # Nothing is exported that no checkpoint can be signed for.
    (kept,) = (desk.folder / "kept").glob("*.checkpoint")
    kept.write_text("nonsense")
    assert "nothing is signed" in desk.export(path, code=1).stderr
    assert not path.exists()
    path.write_text("order\n")
    assert "is no proof" in desk.verify(path, code=1).stderr
    desk.verify(desk.folder / "no.csv", code=1)
    beside(desk.csv).rename(desk.folder / "renamed")
    assert "is not called FILE.certified" in desk.verify(desk.folder / "renamed", code=1).stderr
    monkeypatch.chdir(desk.folder)
    Path("log.jsonl").unlink()
    assert "log.jsonl cannot be read" in desk.verify(Path("log.jsonl.certified"), code=1).stderr


def test_what_is_logged_meanwhile_is_not_in_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from infrastructure.proving import Proving

    signed = Proving.signed

    def logs_more(self: Proving, *arguments: object) -> bytes:
        with EventLogger("live", store=desk.url, redis=False) as logger:
            logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 3)
        return signed(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Proving, "signed", logs_more)
    before = desk.jsonl.read_bytes()
    desk.export(desk.jsonl, "--format", "jsonl")
    said = json.loads(desk.verify(desk.jsonl, "--json").stdout)
    assert (said["horizon"], said["size"]) == ("10+5", 17)
    assert desk.jsonl.read_bytes().count(b"\n") == before.count(b"\n")


def made_of(note: bytes, **changes: object) -> bytes:
    """A sidecar that the log's key signed, of which something is otherwise."""
    from domain.horizon import Horizon

    export = CertifiedExport("csv", 3, bytes(32), Horizon(3, 1), "event-logger 0.1.0", note)
    text = str(export._replace(**changes))  # type: ignore[arg-type]
    return str(Note(text, [LOG.sign(text)])).encode()


def test_what_a_note_must_say() -> None:
    from domain.horizon import Horizon

    keys: list[VerifierKey] = [LOG.public]
    good = made_of(note_of(5))
    assert checked_export(good, keys)[0].horizon == Horizon(3, 1)
    text = Note.parse(good).text
    for edit, sentence in (
        (("/v1\n", "/v2\n"), "is no event-logger/export/v1"),
        (("format csv", "format CSV"), "names no format"),
        (("format csv", "format c s"), "names no format"),
        (("bytes 3", "bytes 03"), "no number"),
        (("bytes 3", "bytes -3"), "no number"),
        (("bytes 3", f"bytes {2**63}"), "no number"),
        ((f"sha256 {base64_text(bytes(32))}", "sha256 AAAA"), "3 bytes, not of 32"),
        (("horizon 3+1", "horizon 03+1"), "which is none"),
        (("horizon 3+1", "horizon 3+0"), "which is none"),
        (("horizon 3+1", f"horizon {'9' * 5000}"), "which is none"),
        (("horizon 3+1", "horizon 4+1"), "has 5 leaves alone"),
        (("leaf/v1", "leaf/v2"), "is over leaves of"),
        (("program event", "programs event"), "other lines than"),
        (("bytes 3\n", "bytes 3\nbytes 3\n"), "other lines than"),
        (("bytes 3\n", ""), "other lines than"),
    ):
        edited = text.replace(*edit)
        assert edited != text
        with pytest.raises(ValueError, match=sentence):
            checked_export(str(Note(edited, [LOG.sign(edited)])).encode(), keys)
    for note in (note_of(5, WITNESS), b"", note_of(5).replace(b"\n5\n", b"\n6\n")):
        with pytest.raises(ValueError, match=r"is no|is not signed|does not hold"):
            checked_export(made_of(note), keys)
    stranger = str(Note(text, [WITNESS.sign(text)])).encode()
    with pytest.raises(ValueError, match="is not signed by a known key"):
        checked_export(stranger, [*keys, WITNESS.public])
