"""`make torture`: one episode after the other, each by a seed of its own, until time is over."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres_server import running
from tests.redis_server import RedisServer
from tests.torture.episode import Episode, Result
from tests.torture.places import FilePlace, Place, ServerPlace
from tests.torture.plan import FILE, STORES, plan_of


def carried_out(seed: int, seconds: float, folder: Path, store: str = FILE) -> Result:
    """The episode of this seed, in a folder that must not be there yet."""
    folder.mkdir(parents=True)
    plan = plan_of(seed, seconds, store=store)
    (folder / "plan.json").write_text(json.dumps(plan.as_dict(), indent=1))
    redis = folder / "redis"
    redis.mkdir()
    server = RedisServer(redis, appendonly="yes", appendfsync="always")
    with _place(folder, store) as place:
        try:
            return Episode(plan, folder, server, place).run()
        finally:
            server.kill()


@contextmanager
def _place(folder: Path, store: str) -> Iterator[Place]:
    if store == FILE:
        yield FilePlace(folder)
        return
    folder.chmod(0o755)
    with running(folder / "server") as server:
        yield ServerPlace(server)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the first episode")
    parser.add_argument("--seconds", type=float, default=20, help="of an episode")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--keep", type=Path, default=Path("torture-failed"))
    parser.add_argument("--store", choices=STORES, default=FILE, help="a file, or a server")
    given = parser.parse_args()
    end, seed, failed = time.monotonic() + 60 * given.minutes, given.seed, 0
    all_counts: Counter[str] = Counter()
    while time.monotonic() < end:
        folder = given.folder / f"torture-{seed}"
        result = carried_out(seed, given.seconds, folder, given.store)
        all_counts.update(result.counts)
        all_counts["episodes"] += 1
        if result.faults:
            failed += 1
            kept = given.keep / f"{seed}"
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(folder, kept, ignore=shutil.ignore_patterns("server"))
            (kept / "faults.txt").write_text("\n".join(result.faults))
            print(f"seed {seed}: {len(result.faults)} faults, kept in {kept}", flush=True)
            print(*(f"  {one[:400]}" for one in result.faults[:5]), sep="\n", flush=True)
        else:
            print(f"seed {seed}: {result.counts['acknowledged']} acknowledged", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        seed += 1
    print(*(f"{what}: {times}" for what, times in sorted(all_counts.items())), sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
