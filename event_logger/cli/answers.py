"""The answer to a query: a table for people, CSV, JSON or Parquet for programs; exact in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

from domain.errors import ExportError
from domain.event_values import EXACT
from domain.times import iso_of
from event_logger.cli.output import figure_text
from event_logger.cli.strict_json import strict_json
from event_logger.cli.tables import print_table
from projections.csv_cells import float_text, quoted

if TYPE_CHECKING:
    import pyarrow as pa

_NANOSECONDS = 10**9
_ROWS = 5000


def print_answer(answer: pa.Table) -> None:
    """The answer as a table; what is not there is an empty cell."""
    rows = [["" if one is None else figure_text(one) for one in row] for row in _rows(answer)]
    print_table(answer.schema.names, rows)


def _rows(answer: pa.Table) -> Iterator[list[Any]]:
    for batch in answer.to_batches(_ROWS):
        columns = [list(map(_value, column.to_pylist())) for column in batch.columns]
        yield from map(list, zip(*columns, strict=True))


def _value(value: Any) -> Any:
    """The value as JSON has a word for it; an interval is ISO 8601 text, bytes are hexadecimal."""
    if isinstance(value, dict):
        return {str(name): _value(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_value(item) for item in value]
    if isinstance(value, Decimal):
        # Of so many decimals as the column has, without those that say nothing.
        return Decimal(f"{value.normalize(EXACT):f}")
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, timedelta):
        nanoseconds = getattr(value, "nanoseconds", 0)
        microseconds = value // timedelta(microseconds=1)
        return _interval(0, 0, microseconds * 1000 + nanoseconds)
    if isinstance(value, tuple) and len(value) == 3:
        return _interval(*value)
    return value


def _interval(months: int, days: int, nanoseconds: int) -> str:
    seconds = Decimal(nanoseconds) / _NANOSECONDS
    parts = [f"{count}{unit}" for count, unit in ((months, "M"), (days, "D")) if count]
    time = f"T{seconds.normalize():f}S" if nanoseconds or not parts else ""
    return f"P{''.join(parts)}{time}"


def _write_csv(answer: pa.Table, file: BinaryIO) -> None:
    file.write((",".join(map(quoted, answer.schema.names)) + "\n").encode())
    for row in _rows(answer):
        file.write((",".join(map(_cell, row)) + "\n").encode())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return quoted(strict_json(value))
    if isinstance(value, float):
        return float_text(value)
    return quoted(iso_of(value) or str(value))


def _write_json(answer: pa.Table, file: BinaryIO) -> None:
    names = answer.schema.names
    for row in _rows(answer):
        file.write((strict_json(dict(zip(names, row, strict=True))) + "\n").encode())


def _write_parquet(answer: pa.Table, file: BinaryIO) -> None:
    import pyarrow as pa

    from infrastructure.files.parquet_export import write

    for place, field in enumerate(answer.schema):
        if pa.types.is_interval(field.type):
            texts = pa.array(map(_value, answer[field.name].to_pylist()), pa.string())
            answer = answer.set_column(place, field.name, texts)
    try:
        write(file, answer.schema, answer.to_batches())
    except pa.ArrowNotImplementedError as error:
        problem = f"Parquet does not have one of its types ({error}); cast it to VARCHAR"
        raise ExportError("the answer", problem) from None


WRITERS: dict[str, Callable[[pa.Table, BinaryIO], None]] = {
    "csv": _write_csv,
    "json": _write_json,
    "parquet": _write_parquet,
}
"""What writes an answer, by the format's name; JSON is one object a line."""
