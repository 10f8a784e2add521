"""A log through CSV into a log again: the same bytes, and the same totals."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_logger import EventLogFileError, EventLogger, read_event_log
from event_logger.reader import LogReader
from infrastructure.audit_logs import AuditLogs
from infrastructure.files.compared import exported_run
from infrastructure.files.csv_import import import_csv
from tests.support import HOUR

texts = st.text("aé→ ,;'\"\r\n\0\ufeff\u2028[{1.e-=+@\t$", max_size=6) | st.sampled_from(
    [
        "12345e10",
        "1.",
        "0x1F",
        "-0",
        "nan",
        "True",
        "[1, 2]",
        "[1]",
        "{}",
        "007",
        "1e-07",
        "now",
        "'{}",
        "''[1]",
        '{"a":1}',
        '{"a": 1.50}',
        "'",
        "'[ETH]",
    ]
)
decimals = st.decimals(allow_nan=False, allow_infinity=False).filter(
    lambda number: abs(number.adjusted()) < 6000
)
finite = st.floats(allow_nan=False, allow_infinity=False)
numbers = st.integers(-(2**90), 2**90) | finite | decimals
times = st.datetimes().map(lambda moment: moment.replace(tzinfo=HOUR.tzinfo))
values = texts | numbers | st.floats() | st.booleans() | st.none() | times
nested = st.recursive(
    values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
extras = st.dictionaries(st.sampled_from(["x", "y", "z with, comma", "ü", "$a"]), nested)
snapshots = st.none() | st.dictionaries(
    st.sampled_from(["wallet", "cex_accounts", "perp_positions", "$x", "50%"]),
    st.dictionaries(texts, numbers, max_size=3),
)


def event(draw: Any) -> dict[str, Any]:
    return {
        "timestamp": HOUR + timedelta(hours=draw(st.integers(0, 9))),
        "event_type": draw(st.sampled_from(["A", "B"])),
        "venue": draw(st.sampled_from(["V", "W,\n"])),
        "amount": draw(st.none() | st.integers() | decimals | finite),
        "position_snapshot": draw(snapshots),
        **draw(extras),
    }


def all_told(figures: dict[str, Any], as_in: dict[str, Any]) -> dict[str, Any]:
    """The figures, with sums as floats where the other's are: an import reads Decimals."""
    by_token = {
        token: float(amount) if isinstance(as_in["amount_by_token"].get(token), float) else amount
        for token, amount in figures["amount_by_token"].items()
    }
    total = figures["total_amount"]
    total = float(total) if isinstance(as_in["total_amount"], float) else total
    return figures | {"amount_by_token": by_token, "total_amount": total}


@settings(max_examples=60)
@given(data=st.data())
def test_an_import_is_exported_as_the_same_bytes(data: st.DataObject) -> None:
    with TemporaryDirectory() as name, EventLogger() as logger:
        folder = Path(name)
        for _ in range(data.draw(st.integers(1, 4))):
            logger.log_event(**event(data.draw))
            if data.draw(st.booleans()):
                details = [event(data.draw) for _ in range(data.draw(st.integers(0, 2)))]
                logger.log_atomic_transaction(HOUR, "ENTRY", details, data.draw(extras))
        logger.export_to_csv(str(folder / "first.csv"))
        total = logger.get_summary_stats()
        with AuditLogs(f"sqlite:///{folder / 'log.db'}") as logs:
            import_csv(folder / "first.csv", logs, "copy")
            copy = LogReader(logs, logs.get("copy"))
            copy.export_to_csv(str(folder / "second.csv"))
            assert (folder / "second.csv").read_bytes() == (folder / "first.csv").read_bytes()
            assert all_told(copy.get_summary_stats(), total) == total


NAN = float("nan")
ODD_ACCOUNTS: list[Any] = [
    *(5, "abc", None, True, 1.5, Decimal("1.10"), 2**70, [1, 2], [], {}, "", NAN),
    *("[1]", "{", "null", HOUR, 10**5000, Decimal("sNaN"), Decimal("-NaN12")),
]


@pytest.mark.parametrize(
    "event",
    [
        {"position_snapshot": {"wallet": {"ETH": NAN}, "cex_accounts": {"b": {"USDT": NAN}}}},
        {
            "position_snapshot": {
                "wallet": {"ETH": NAN},
                "cex_accounts": {"b": [NAN, -float("inf")]},
                "perp_positions": {"b": Decimal("1.10")},
            }
        },
        *(
            {"position_snapshot": {"cex_accounts": value, "wallet": value}}
            for value in ODD_ACCOUNTS
        ),
        {"position_snapshot": {"wallet": {}, "cex_accounts": [1, 2], "perp_positions": None}},
        {"amount": Decimal(10**5000), "x": [Decimal(10**5000)], "y": Decimal(-(10**5000))},
        {"position_snapshot": {"wallet": {"ETH": Decimal(10**5000)}}},
        {"amount": 10**5000, "gas_units": 10**5000, "x": -(10**5000)},
        {"x": [Decimal("NaN"), Decimal("sNaN"), "NaN", {"$decimal": "sNaN"}]},
    ],
    ids=",".join,
)
def test_whatever_is_logged_is_exported_read_and_imported(
    tmp_path: Path, event: dict[str, Any]
) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    with EventLogger() as logger:
        logger.log_event(HOUR, "A", "V", **event)
        logger.export_to_csv(str(first))
        row = read_event_log(first, numbers="decimal").to_dict("records")[0]
    if "position_snapshot" in event:
        read_event_log(first)
        assert (row["cex_balance_after"] is None) == (
            event["position_snapshot"].get("cex_accounts") is None
        )
    if "amount" in event:
        assert row["amount"] == 10**5000
        with pytest.raises(EventLogFileError, match="read with numbers='decimal'"):
            read_event_log(first)
    with AuditLogs(f"sqlite:///{tmp_path / 'log.db'}") as logs:
        import_csv(first, logs, "copy")
        LogReader(logs, logs.get("copy")).export_to_csv(str(second))
    assert second.read_bytes() == first.read_bytes()


@pytest.mark.parametrize("late", [{"x": 1}, {"nonce": 7}, {"block_hash": "0x"}, {"x": "a\nb"}])
def test_columns_that_come_late_are_empty_before(tmp_path: Path, late: dict[str, Any]) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    with EventLogger() as logger, EventLogger() as early:
        for number in range(2100):
            extra: dict[str, Any] = {"note": "a,\nb"} if number % 7 == 3 else {}
            logger.log_event(HOUR, "A", "V", "ETH", number, purpose=f"p {number}", **extra)
            extra = extra | (late if number == 0 else {})
            early.log_event(HOUR, "A", "V", "ETH", number, purpose=f"p {number}", **extra)
        logger.log_event(HOUR, "A", "V", **late)
        logger.export_to_csv(str(first))
        early.export_to_csv(str(second))
    import pandas as pd

    one, two = pd.read_csv(first, dtype=str), pd.read_csv(second, dtype=str)
    assert set(one.columns) == set(two.columns)
    (name,) = late
    assert one[name].isna().sum() == 2100
    same = one[two.columns].iloc[:2100].drop(columns=name)
    pd.testing.assert_frame_equal(same, two.drop(columns=name))


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+5", "'+5"),
        ("-5", "'-5"),
        ("@a", "'@a"),
        ("\ta", "'\ta"),
        ('=HYPERLINK("a,b")', '"\'=HYPERLINK(""a,b"")"'),
        ("a=1", "a=1"),
        (-5, "-5"),
        (Decimal("-5.0"), "-5.0"),
        (-1e-7, "-1e-07"),
        (["=1"], '"[""=1""]"'),
    ],
)
def test_csv_safe_marks_what_a_spreadsheet_takes_for_a_formula(
    tmp_path: Path, value: Any, cell: str
) -> None:
    path = tmp_path / "safe.csv"
    with EventLogger() as logger:
        logger.log_event(HOUR, "A", "V", x=value)
        logger.export_to_csv(str(path), csv_safe=True)
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbftimestamp,")
    assert data.decode().splitlines()[1].endswith(f",{cell}")


@pytest.mark.parametrize(
    "text", ["=1+1", "'=1+1", "''@a", "-5", "+a,b", "\ta", "'a", "''", "'{}", "-", "=", "'5"]
)
def test_what_was_exported_for_spreadsheets_reads_as_it_was_logged(
    tmp_path: Path, text: str
) -> None:
    safe, plain, again = (tmp_path / f"{name}.csv" for name in ("safe", "plain", "again"))
    with EventLogger() as logger:
        named: dict[str, Any] = {text: "plain"}
        logger.log_event(HOUR, "A", text, text, -5, purpose=text, memo=text, **named)
        logger.log_event(HOUR, "A", "V", memo="plain")
        logger.export_to_csv(str(safe), csv_safe=True)
        logger.export_to_csv(str(plain))
    pd.testing.assert_frame_equal(read_event_log(safe), read_event_log(plain))
    with AuditLogs(f"sqlite:///{tmp_path / 'log.db'}") as logs:
        import_csv(safe, logs, "copy")
        LogReader(logs, logs.get("copy")).export_to_csv(str(again))
    assert again.read_bytes() == plain.read_bytes()
    with exported_run(safe) as one, exported_run(plain) as other:
        assert list(one.records()) == list(other.records())


JSON_TEXTS = ['{"a":1}', "[]", "{}", "[1, 2]", '{"a": NaN}', "'{}", "''[1]", "[ETH]", "'[ETH]", "{"]


@pytest.mark.parametrize("beside", [[], ["plain"], [7], [{"b": 1}], [[1]], [None]], ids=str)
def test_text_that_is_json_comes_back_as_that_text(tmp_path: Path, beside: list[Any]) -> None:
    path, second = tmp_path / "first.csv", tmp_path / "second.csv"
    for text in JSON_TEXTS:
        values = [text, *beside]
        with EventLogger() as logger:
            for value in values:
                logger.log_event(HOUR, "A", "V", memo=value)
            logger.export_to_csv(str(path))
            told = read_event_log(path)["memo"][0]
            assert (type(told), told) == (str, text)
        store = tmp_path / "log.db"
        with AuditLogs(f"sqlite:///{store}") as logs:
            import_csv(path, logs, "copy")
            reader = LogReader(logs, logs.get("copy"))
            assert reader.events[0]["memo"] == text
            if beside and not isinstance(beside[0], int):
                assert reader.events[1].get("memo") == beside[0]
            reader.export_to_csv(str(second))
        assert second.read_bytes() == path.read_bytes()
        store.unlink()


def test_dicts_alone_come_back_as_dicts_and_beside_text_as_what_they_are_written_as(
    tmp_path: Path,
) -> None:
    path = tmp_path / "first.csv"
    with EventLogger() as logger:
        logger.log_event(HOUR, "A", "V", alone={"a": [1]}, mixed={"a": [1]})
        logger.log_event(HOUR, "A", "V", alone=[], mixed="see above")
        logger.log_event(HOUR, "A", "V", alone=None, mixed='{"a":[1]}')
        frame = read_event_log(logger.export_to_csv(str(path)))
    assert list(frame["alone"]) == [{"a": [1]}, [], None]
    assert list(frame["mixed"]) == ['{"a":[1]}', "see above", '{"a":[1]}']
