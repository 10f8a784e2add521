"""Random updates of a live event against a small model of the contract."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.errors import EventLoggerError
from tests.domain.test_lifecycle import LEGAL, Way

FINAL = {"failed", "replaced", "finalized"}
STATUSES = ["pending", "submitted", "confirmed", "reorged", "dropped", *sorted(FINAL)]
DONE_AT = datetime(2024, 5, 12, 14, 1, tzinfo=UTC)
ISO: dict[Any, Any] = {DONE_AT: "2024-05-12T14:01:00Z"}
Update = dict[str, Any]


class Refused(Exception):  # noqa: N818
    pass


class Model:
    """The contract's words, one after the other."""

    def __init__(self, logged: Update) -> None:
        self.status = "pending"
        self.has_event_id = "event_id" in logged
        self.values = {name: value for name, value in logged.items() if name != "event_id"}
        self.stored: list[tuple[str, str, Update]] = []

    def update(self, update: Update) -> None:
        given: dict[str, Any] = {k: ISO.get(v, v) for k, v in update.items() if v is not None}
        if not given:
            raise Refused
        if given.get("confirmation_blocks", 0) < 0 or given.get("tx_hash") == "":
            raise Refused
        if given.get("status", "pending") not in STATUSES or "amount" in given:
            raise Refused
        target = given.pop("status", self.status)
        changes = {k: v for k, v in given.items() if self.values.get(k) != v}
        if target == self.status and not changes:
            return
        self._refuse(target, changes)
        if target == "reorged":
            for name in ("confirmation_blocks", "completion_timestamp"):
                if self.values.get(name) is not None:
                    changes[name] = None
        self.stored.append((self.status, target, changes))
        self.status = target
        self.values.update(changes)

    def _refuse(self, target: str, changes: Update) -> None:
        if self.status in FINAL:
            raise Refused
        if target != self.status and (self.status, target) not in LEGAL:
            raise Refused
        if target == "reorged" and changes.keys() & {"confirmation_blocks", "completion_timestamp"}:
            raise Refused
        if changes.get("confirmation_blocks", 99) < (self.values.get("confirmation_blocks") or 0):
            raise Refused
        if self.status == "confirmed" and "tx_hash" in changes and self.values.get("tx_hash"):
            raise Refused
        has_hash = "tx_hash" in self.values or "tx_hash" in changes
        if target == "submitted" and not (has_hash or self.has_event_id):
            raise Refused


values = {
    "tx_hash": st.sampled_from(["0xa", "0xb", None, ""]),
    "confirmation_blocks": st.integers(-1, 4),
    "completion_timestamp": st.just(DONE_AT),
    "nonce": st.sampled_from([0, 7, None]),
    "amount": st.just(3),
}
likely = st.fixed_dictionaries(
    {"status": st.sampled_from(["submitted", "confirmed", "reorged", "confirmed", "submitted"])},
    optional={"tx_hash": st.sampled_from(["0xa", "0xb"]), "confirmation_blocks": st.integers(0, 4)},
)
anything = st.fixed_dictionaries(
    {},
    optional=values | {"status": st.sampled_from([*STATUSES, "sent", "completed", None])},
)
logged = st.fixed_dictionaries(
    {},
    optional={
        "tx_hash": st.just("0xa"),
        "event_id": st.just("order-1"),
        "confirmation_blocks": st.integers(0, 2),
    },
)


@given(logged, st.lists(st.one_of(likely, anything), max_size=12))
def test_a_lifecycle_does_what_the_contract_says(first: Update, tried: list[Update]) -> None:
    way, model = Way(**first), Model(first)
    for update in tried:
        given = dict(update)
        try:
            model.update(update)
        except Refused:
            before = (way.status, dict(way.values), len(way.stored))
            try:
                way.update(update)
            except EventLoggerError:
                assert (way.status, way.values, len(way.stored)) == before
            else:
                raise AssertionError(f"{update} was accepted after {model.stored}") from None
        else:
            way.update(update)
        assert update == given
        assert way.status == model.status
        if way.lifecycle is not None:
            assert way.values == model.values
    assert [(one.from_status, one.status, one.changes) for one in way.stored] == model.stored
    began, current = way.record["recorded_at"], None
    for one in way.stored:
        assert one.from_since == began
        if one.status != one.from_status:
            began = one.timestamp.isoformat().replace("+00:00", "Z")
        current = one.changes.get("tx_hash", current or first.get("tx_hash"))
        assert one.tx_hash == current
