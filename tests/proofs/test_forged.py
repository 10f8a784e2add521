"""Stores made anew, forked or put back, also by who has the key: older checkpoints tell."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands import run
from tests.proofs.attacks import field, of
from tests.proofs.desk import Desk, more


@contextmanager
def on_another_machine(folder: Path) -> Iterator[None]:
    """What is kept outside of a store is kept elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENT_LOGGER_CHECKPOINTS", str(folder / "elsewhere"))
        yield


def copied(desk: Desk, name: str) -> Desk:
    """Another store with the same log, of the same owner."""
    folder = desk.folder / name
    folder.mkdir()
    run("backup", str(folder / "runs.db"), "--store", desk.url)
    for file in ("key", "held"):
        shutil.copy(desk.folder / file, folder / file)
    return Desk(folder)


def test_with_the_stolen_key_other_content_is_signed_and_the_older_checkpoint_tells(
    desk: Desk, tmp_path: Path
) -> None:
    forged = copied(desk, "forged")
    forged.run_sql(field("amount", "7", of(3)))
    with on_another_machine(tmp_path):
        forged.log(more)
        signed = forged.checkpoint("signed")
        # By itself it is as good as any.
        forged.verify("--checkpoint", signed, "--store", forged.url)
        forged.run("prove", "--since", desk.held, "--checkpoint", signed, code=1)
        done = forged.verify("--checkpoint", desk.held, "--store", forged.url, code=1)
        assert "is not what the checkpoint of 16 leaves says" in done.stderr
    done = forged.verify("--checkpoint", desk.held, "--store", forged.url, code=1)
    assert "it differs from order 3 (position 3) on" in done.stderr
    done = desk.verify("--checkpoint", signed, "--store", desk.url, code=1)
    assert "the checkpoint says 17" in done.stderr


def test_with_another_key_nothing_is_signed_in_the_owners_name(desk: Desk, tmp_path: Path) -> None:
    forged = copied(desk, "forged")
    forged.run_sql(field("amount", "7", of(3)))
    Path(forged.key).unlink()
    run("key", "new", forged.key, "--prefix", "example.com/desk1")
    done = forged.run("checkpoint", "--key", forged.key, code=1)
    assert "is not signed by a known key" in done.stderr
    with on_another_machine(tmp_path):
        signed = forged.checkpoint("signed")
    done = desk.verify("--checkpoint", signed, code=1)
    assert "is not signed by a known key" in done.stderr


def test_two_stores_that_grew_from_one_copy_do_not_hold_each_others_checkpoints(
    desk: Desk, tmp_path: Path
) -> None:
    other = copied(desk, "other")
    desk.log(more)
    mine = desk.checkpoint("mine")
    with on_another_machine(tmp_path):
        other.log(more)
        theirs = other.checkpoint("theirs")
        other.verify("--checkpoint", other.held, "--store", other.url)
        found = other.verify("--checkpoint", mine, "--store", other.url, code=1)
        assert "the checkpoint stands for another history of the log" in found.stderr
    # Here, where the one was signed, it is known from where on the other is another.
    found = other.verify("--checkpoint", mine, "--store", other.url, code=1)
    assert "it differs from order 11 (position 16) on" in found.stderr
    desk.verify("--checkpoint", theirs, "--store", desk.url, code=1)
    assert "has other entries" in other.run("checkpoint", "--key", desk.key, code=1).stderr


def test_a_backup_that_is_put_back_is_found_by_what_is_missing(desk: Desk) -> None:
    backup = copied(desk, "backup")
    desk.log(more)
    later = desk.checkpoint("later")
    done = desk.verify("--checkpoint", later, "--store", backup.url, code=1)
    assert "the entry at position 16 is gone, order 11 or a transition" in done.stderr


def test_a_proof_of_one_order_is_none_of_another(desk: Desk) -> None:
    fifth = Path(desk.prove("5", "--checkpoint", desk.held)).read_text().split("\n")
    path = Path(desk.prove("6", "--checkpoint", desk.held))
    sixth = path.read_text().split("\n")
    for mixed in ([*sixth[:1], fifth[1], *sixth[2:]], [*sixth[:2], fifth[2], *sixth[3:]]):
        path.write_text("\n".join(mixed))
        done = desk.verify(str(path), "--checkpoint", desk.held, code=1)
        assert "does not show that the tree of 16 leaves has this" in done.stderr


def test_nothing_kept_is_needed_to_find_what_was_changed(desk: Desk) -> None:
    desk.run_sql(field("amount", "7", of(3)))
    shutil.rmtree(desk.folder / "kept")
    # The tiles beside the log are those of the root.
    done = desk.verify("--checkpoint", desk.held, "--store", desk.url, code=1)
    assert "it differs from order 3 (position 3) on" in done.stderr
    desk.run_sql("DROP TABLE tiles")
    done = desk.verify("--checkpoint", desk.held, "--store", desk.url, code=1)
    assert "from one of those between its opening" in done.stderr
    for text in (b"", b"event-logger/marks/v1 16 1\n", b"event-logger/marks/v1 x 1\n" + bytes(64)):
        (desk.folder / "kept").mkdir(exist_ok=True)
        (desk.folder / "kept" / "example.com%2Fdesk1%2Fx.marks").write_bytes(text)
        desk.verify("--checkpoint", desk.held, "--store", desk.url, code=1)


@pytest.mark.parametrize("tiles", ["DELETE FROM tiles", "DROP TABLE tiles", "rewritten"])
def test_tiles_that_were_rewritten_to_fit_hide_nothing(desk: Desk, tiles: str) -> None:
    desk.run_sql(field("amount", "7", of(3)))
    if tiles == "rewritten":
        desk.rewrite_tiles()
    else:
        desk.run_sql(tiles)
    done = desk.verify("--checkpoint", desk.held, "--store", desk.url, code=1)
    assert "it differs from order 3 (position 3) on" in done.stderr
    desk.run("prove", "5", "--checkpoint", desk.held, code=1)
    assert not Path(desk.checkpoint("new", code=1)).exists()


def test_what_is_kept_never_overrules_the_root(desk: Desk) -> None:
    (marks,) = (desk.folder / "kept").glob("*.marks")
    data = marks.read_bytes()
    marks.write_bytes(data[:-8] + bytes(8))
    desk.verify("--checkpoint", desk.held, "--store", desk.url)
    marks.write_bytes(data[:-60])
    desk.verify("--checkpoint", desk.held, "--store", desk.url)
