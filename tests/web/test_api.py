"""The API as it is described, and the figures for a monitor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from event_logger.web.api import openapi
from event_logger.web.views import VIEWS
from tests.web.client import asking, data_of

if TYPE_CHECKING:
    from starlette.testclient import TestClient

PATHS: dict[str, Any] = openapi()["paths"]


def test_every_view_is_described_with_its_parameters(client: TestClient) -> None:
    described = client.get("/api/openapi.json").json()
    assert described["openapi"] == "3.1.0"
    assert set(described["paths"]) == {f"/api{view.path}" for view in VIEWS}
    for view in VIEWS:
        operation = described["paths"][f"/api{view.path}"]["get"]
        assert [one["name"] for one in operation["parameters"]] == [
            *(p.name for p in view.params),
            "zone",
        ]


def values(parameter: dict[str, Any]) -> st.SearchStrategy[str]:
    """What a parameter may be given: what its schema says, and whatever else."""
    schema = parameter["schema"]
    sound: st.SearchStrategy[str] = st.sampled_from(["desk", "run", "2", "1+1", "10m", "LIDO"])
    if "enum" in schema:
        sound = st.sampled_from(schema["enum"])
    elif schema["type"] == "integer":
        sound = st.integers(0, 40).map(str)
    elif parameter["name"] in ("log", "left", "right"):
        sound = st.sampled_from(["desk", "run"])
    return st.one_of(sound, sound, sound, st.text(max_size=12))


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    path = draw(st.sampled_from(sorted(PATHS)))
    parameters = PATHS[path]["get"]["parameters"]
    chosen = draw(st.lists(st.sampled_from(parameters), unique_by=lambda one: one["name"]))
    return path, {one["name"]: draw(values(one)) for one in chosen}


@settings(max_examples=40)
@given(request=requests())
def test_whatever_is_asked_is_answered_as_described(
    client: TestClient, request: tuple[str, dict[str, str]]
) -> None:
    path, parameters = request
    answer = client.get(path, params=parameters)
    described = PATHS[path]["get"]["responses"]
    assert str(answer.status_code) in described.keys() - {"500", "503"}
    assert answer.headers["content-type"] == "application/json"
    told = data_of(answer)
    if answer.status_code >= 400 and "events" not in told:
        assert told["status"] == str(answer.status_code)
        assert "\n" not in told["error"]


def samples(client: TestClient) -> Iterator[tuple[str, dict[str, str], float]]:
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for one in family.samples:
            yield one.name, one.labels, one.value


def test_a_monitor_is_told_what_is_in_the_store(store: str) -> None:
    with asking(store) as client:
        before = list(samples(client))
        assert client.get("/findings?log=run").status_code == 200
        after = list(samples(client))
    found = {(name, labels.get("log")): value for name, labels, value in before}
    assert found["event_logger_up", None] == 1
    assert found["event_logger_logs", None] == 2
    assert found["event_logger_events", "desk"] == 7
    assert found["event_logger_transitions", "desk"] == 4
    assert not [name for name, _, _ in before if name == "event_logger_findings"]
    assert [labels for name, labels, _ in after if name == "event_logger_findings"] == [
        {"log": "run", "severity": severity} for severity in ("errors", "warnings", "notes")
    ]
    labels = {name for _, given_labels, _ in after for name in given_labels}
    assert labels <= {"log", "status", "severity", "follower"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_it_says_that_it_is_well(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert re.fullmatch(r"\w+\n", answer.text)
