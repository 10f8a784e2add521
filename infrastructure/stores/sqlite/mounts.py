"""Whether a file is mounted by itself, as containers do it when they are given a file."""

from __future__ import annotations

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
"""What this process sees mounted, on Linux (proc_pid_mountinfo(5)); elsewhere there is none."""

_MOUNT_POINT = 4
_ESCAPED = re.compile(rb"\\([0-7]{3})")


def is_mounted_by_itself(path: Path) -> bool:
    """Whether the file, by its real path, is a mount point."""
    wanted = bytes(path)
    try:
        lines = MOUNTS.read_bytes().splitlines()
    except OSError:
        return False
    points = (line.split(b" ", _MOUNT_POINT + 1)[_MOUNT_POINT:] for line in lines)
    return any(point and _unescaped(point[0]) == wanted for point in points)


def _unescaped(mount_point: bytes) -> bytes:
    """Blanks, tabs, line feeds and backslashes stand as three octal digits."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), mount_point)
