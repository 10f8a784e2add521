"""A query before it is answered: one SELECT, of which tables, and which columns it may need."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from domain.errors import QueryError, shown
from domain.errors.base import nearest

if TYPE_CHECKING:
    import duckdb

_FUNCTIONS = frozenset({"unnest", "range", "generate_series", "json_each", "json_tree"})
"""What a query may call in the place of a table: nothing that leads out of the logs."""

# A word of SQL's own, and the name of the column that everybody asks for.
_ORDER = re.compile(r'(?<!["\w])order(?!["\w]|\s+by\b)', re.IGNORECASE).search
_ROWS_WHOLE = frozenset({"STAR", "PIVOT", "SHOW_REF"})
_SOURCES = frozenset({"BASE_TABLE", "SUBQUERY", "TABLE_FUNCTION", "JOIN"})


class Statement:
    """A query that reads `tables` alone; `named` are those that it names.

    Raises `QueryError` for anything else.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, query: str, tables: Iterable[str]
    ) -> None:
        self.query = query
        self._tables = tuple(tables)
        self._refuse_others(connection)
        # To the last row, of which there is one: the connection is then free again.
        ((encoded,),) = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchall()
        tree = json.loads(encoded)
        if tree.get("error"):
            raise QueryError(query, f"cannot be answered: {tree.get('error_message')}")
        self._nodes = list(_nodes(tree))
        self._refuse_functions()
        self.named = self._named()
        self.is_of_whole_rows = self._is_of_whole_rows()

    def _refuse_others(self, connection: duckdb.DuckDBPyConnection) -> None:
        import duckdb

        try:
            statements = connection.extract_statements(self.query)
        except duckdb.Error as error:
            hint = '; the column is written "order", in quotes' if _ORDER(self.query) else ""
            raise QueryError(self.query, f"cannot be read: {first_line(error)}{hint}") from None
        if len(statements) != 1:
            problem = f"holds {len(statements)} statements; give one SELECT"
            raise QueryError(self.query, problem)
        kind = statements[0].type.name
        if kind != "SELECT":
            problem = f"is no SELECT but {kind}: a log is read here, and nothing is changed"
            raise QueryError(self.query, problem)

    def _refuse_functions(self) -> None:
        for node in self._nodes:
            if node.get("type") == "TABLE_FUNCTION":
                name = (node.get("function") or {}).get("function_name", "")
                if name not in _FUNCTIONS:
                    raise QueryError(
                        self.query,
                        f"calls {name}(), which leads out of the logs; in the place of a table"
                        f" may stand {', '.join(sorted(_FUNCTIONS))}",
                    )

    def _named(self) -> list[str]:
        own = {name.casefold() for node in self._nodes for name in _own_tables(node)}
        named: dict[str, None] = {}
        for node in self._nodes:
            if node.get("type") == "BASE_TABLE":
                name = str(node.get("table_name"))
                if name.casefold() in self._tables and node.get("schema_name") in (
                    "",
                    None,
                    "main",
                ):
                    named[name.casefold()] = None
                elif name.casefold() not in own:
                    raise QueryError(self.query, _no_table(name, self._tables))
        if not named and any(node.get("type") == "SHOW_REF" for node in self._nodes):
            return list(self._tables)
        return list(named)

    def _is_of_whole_rows(self) -> bool:
        sources = {
            str(name).casefold()
            for node in self._nodes
            if node.get("type") in _SOURCES
            for name in (node.get("alias"), node.get("table_name"))
            if name
        }
        for node in self._nodes:
            if node.get("type") in _ROWS_WHOLE or node.get("ref_type") == "NATURAL":
                return True
            names = node.get("column_names") if node.get("type") == "COLUMN_REF" else None
            if names and str(names[-1]).casefold() in sources:
                return True
        return False

    def needs(self) -> Callable[[str], bool]:
        """Whether the query may need a column of this name; one that it does not name it does not
        need, unless whole rows are asked for."""
        if self.is_of_whole_rows:
            return lambda name: True
        text = self.query.casefold()
        # A quote within a name is written twice.
        text += text.replace('""', '"')
        return lambda name: name.casefold() in text


def _no_table(name: str, tables: Iterable[str]) -> str:
    there = list(tables)
    return (
        f"names the table {shown(name)}, and there are {', '.join(there[:-1])} and {there[-1]};"
        f" the nearest is {shown(nearest(name, there))}"
    )


def _own_tables(node: dict[str, Any]) -> Iterator[str]:
    """The names of the common table expressions that a node holds."""
    for one in (node.get("cte_map") or {}).get("map") or ():
        yield str(one.get("key"))


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def first_line(error: Exception) -> str:
    """What the engine says, in a line and without its own heading."""
    return str(error).strip().split("\n", 1)[0].strip()
