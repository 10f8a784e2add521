"""Times in the zone that somebody chose: pages tell them and are told them there; data is UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.times import iso_of_text, iso_utc
from event_logger.web.errors import PageError
from event_logger.web.zones import in_utc, zone_of, zoned
from tests.web.client import data_of

if TYPE_CHECKING:
    from starlette.testclient import TestClient

BERLIN = zone_of("Europe/Berlin")


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("UTC", "2024-05-12T14:00:00.123456789Z"),
        ("Europe/Berlin", "2024-05-12T16:00:00.123456789+02:00"),
        ("Asia/Kathmandu", "2024-05-12T19:45:00.123456789+05:45"),
        ("America/St_Johns", "2024-05-12T11:30:00.123456789-02:30"),
    ],
)
def test_a_time_is_told_with_every_digit_and_its_offset(zone: str, told: str) -> None:
    moment = pd.Timestamp("2024-05-12T14:00:00.123456789Z")
    assert zoned(moment, zone_of(zone)) == told
    assert zoned("2024-05-12T14:00:00.123456789Z", zone_of(zone)) == told


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-05-12T16:00", "2024-05-12T14:00:00Z"),
        ("2024-05-12 16:00:00.123456789", "2024-05-12T14:00:00.123456789Z"),
        ("2024-12-12", "2024-12-11T23:00:00Z"),
        # Every form that is taken as UTC elsewhere is of the zone here.
        ("20240512T1600", "2024-05-12T14:00:00Z"),
        ("20240512t160000,5", "2024-05-12T14:00:00.500000Z"),
        ("2024-05-12T16:00:00,123456789", "2024-05-12T14:00:00.123456789Z"),
        ("20240512T1600Z", "20240512T1600Z"),
        ("20240512", "20240512"),
        ("2024-05-12T16:00Z", "2024-05-12T16:00Z"),
        ("2024-05-12T16:00:00+05:00", "2024-05-12T16:00:00+05:00"),
        # It comes twice, when the clocks are set back: the first is meant.
        ("2024-10-27T02:30", "2024-10-27T00:30:00Z"),
        ("2024-13-40", "2024-13-40"),
        ("0001-01-01T00:00", "0001-01-01T00:00"),
        ("1523+40", "1523+40"),
    ],
)
def test_a_time_without_an_offset_is_of_the_zone(written: str, meant: str) -> None:
    assert in_utc(written, BERLIN) == meant
    assert in_utc(written, UTC) == written


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(["Europe/Berlin", "Asia/Tokyo", "America/Lima", "UTC", "Pacific/Apia"]),
)
def test_what_is_told_in_a_zone_is_the_same_moment(moment: datetime, zone: str) -> None:
    iso = iso_utc(moment)
    told = zoned(iso, zone_of(zone))
    # Offsets of old times had seconds, which ISO 8601 cannot tell.
    if len(told.rpartition("+")[2].rpartition("-")[2]) < 8 or told.endswith("Z"):
        assert iso_of_text("at", told) == iso


@pytest.mark.parametrize("name", ["Europe/Berln", "../../etc/passwd", "/etc/localtime", "x" * 500])
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(PageError, match="is none that is known") as refused:
        zone_of(name)
    assert refused.value.status == 400


def test_pages_name_the_zone_and_keep_it_in_their_links(client: TestClient) -> None:
    page = client.get("/event?log=desk&order=5&zone=Asia/Tokyo").text
    assert "Times are in Asia/Tokyo." in page
    assert "2024-05-12T23:00:00.123456789+09:00" in page
    assert "/events?log=desk&amp;zone=Asia%2FTokyo&amp;at=5" in page
    told = data_of(client.get("/event.json?log=desk&order=5&zone=Asia/Tokyo"))
    assert told["event"]["timestamp"] == "2024-05-12T14:00:00.123456789Z"


def test_the_table_beside_a_plot_has_the_time_to_the_nanosecond(client: TestClient) -> None:
    told = data_of(client.get("/overview.json?log=desk"))
    times = {
        one["order"]: one["timestamp"] for figure in told["figures"] for one in figure["points"]
    }
    assert times["5"] == "2024-05-12T14:00:00.123456789Z"


def test_axes_and_bars_are_in_the_zone(client: TestClient) -> None:
    page = client.get("/overview?log=run&zone=Asia/Tokyo").text
    assert "2024-05-12T23:00:00+09:00: 1 PNL_SNAPSHOT" in page
    assert ">12. 23:00</text>" in page
    told = data_of(client.get("/overview.json?log=run&zone=Asia/Tokyo"))
    assert told["events_over_time"][0]["from"] == "2024-05-12T14:00:00Z"


def test_what_is_searched_for_is_of_the_zone(client: TestClient) -> None:
    def first(query: str) -> str:
        found = data_of(client.get(f"/events.json?log=run&{query}"))
        return str(found["events"][0]["timestamp"])

    assert first("since=2024-05-12T23:00") == "2024-05-12T23:00:00Z"
    assert first("since=2024-05-12T23:00&zone=Asia/Tokyo") == "2024-05-12T14:00:00Z"


def test_a_wrong_zone_is_a_page_that_says_so(client: TestClient) -> None:
    refused = client.get("/overview?log=run&zone=Europe/Berln")
    assert refused.status_code == 400
    assert "the nearest is Europe/Berlin" in refused.text


@pytest.mark.parametrize(
    "ends", ["until=9999-12-31T23:59:59Z&zone=Asia/Tokyo", "since=0001-01-01&zone=America/Lima"]
)
def test_the_ends_of_the_calendar_are_shown(client: TestClient, ends: str) -> None:
    assert client.get(f"/overview?log=run&{ends}").status_code == 200
