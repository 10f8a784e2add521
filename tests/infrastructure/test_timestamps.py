"""Times made for a page at once are those that are made one by one."""

from __future__ import annotations

import pytest

from domain.values import encode
from infrastructure.timestamps import RecordedTimes, timestamp_of

MICROSECONDS = [f"2024-05-12T14:00:{n % 60:02d}.{n * 997 % 10**6:06d}Z" for n in range(700)]


def rows(times: list[str]) -> list[tuple[int, bytes]]:
    return [(n, encode({"recorded_at": iso, "venue": "V"})) for n, iso in enumerate(times, 1)]


@pytest.mark.parametrize(
    "times",
    [
        [],
        MICROSECONDS[:1],
        MICROSECONDS,
        ["0001-01-01T00:00:00.000001Z", "9999-12-31T23:59:59.999999Z"] * 200,
        [
            "2024-05-12T14:00:00Z",
            "2024-05-12T14:00:00.000001001Z",
            "NaT",
            "1969-07-20T20:17:40.5Z",
            *MICROSECONDS,
        ],
    ],
    ids=["none", "one", "many", "extremes", "other forms"],
)
def test_they_equal_those_made_one_by_one_to_the_unit(times: list[str]) -> None:
    known = RecordedTimes()
    for (_, encoded), (order, passed), iso in zip(
        rows(times), known.of(rows(times)), times, strict=True
    ):
        moment, alone = known[iso], timestamp_of(iso)
        assert passed == encoded == rows([iso])[0][1]
        assert order >= 1
        assert type(moment) is type(alone)
        assert repr(moment) == repr(alone)
        if iso != "NaT":
            assert (moment.unit, moment.tz, moment) == (alone.unit, alone.tz, alone)


def test_rows_that_begin_with_no_time_pass_as_they_are() -> None:
    damaged = [(n, b'{"recorded_at":"2024-99-99T14:00:00.000001Z"}') for n in range(50)]
    other = [(n, encode({"venue": "V"})) for n in range(50)]
    known = RecordedTimes()
    assert list(known.of([*damaged, *other])) == [*damaged, *other]
    assert known == {}
