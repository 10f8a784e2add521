"""What the tests start ends with them, also when they fail."""

from __future__ import annotations

import signal

import pytest

from tests.support import start_program, started


def test_a_failure_in_the_block_of_a_program_that_never_ends_is_not_waited_for() -> None:
    with pytest.raises(AssertionError):
        with start_program("print('there', flush=True)\nsys.stdin.read()") as program:
            assert program.stdout is not None
            assert program.stdout.readline() == "there\n"
            program.send_signal(signal.SIGSTOP)
            raise AssertionError
    assert program.returncode == -signal.SIGKILL
    assert program in started
