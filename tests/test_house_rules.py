"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHIPPED = ("domain", "projections", "infrastructure", "event_logger")
LONGEST_MODULE = 300


def modules(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


SOURCES = {named(path): path.read_text() for path in modules(*SHIPPED, "benchmarks", "tests")}
OF_SHIPPED = {name: text for name, text in SOURCES.items() if name.startswith(SHIPPED)}


def breaking(sources: dict[str, str], of_tree: Callable[[ast.Module], object]) -> list[str]:
    """The files whose syntax tree has what it should not have."""
    return [name for name, text in sources.items() if of_tree(ast.parse(text))]


def test_there_is_something_to_check() -> None:
    assert len(OF_SHIPPED) > 30
    assert breaking({"a": "assert 1", "b": "1"}, has_assert) == ["a"]


def test_a_module_has_at_most_300_lines() -> None:
    lengths = {name: len(text.splitlines()) for name, text in SOURCES.items()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_a_module_has_no_section_banners() -> None:
    banner = re.compile(r"^\s*#\s*([-=*#~_+])\1{2,}", re.MULTILINE)
    assert [name for name, text in SOURCES.items() if banner.search(text)] == []


def test_only_the_command_line_prints() -> None:
    elsewhere = {name: text for name, text in OF_SHIPPED.items() if "event_logger/cli/" not in name}
    assert breaking(elsewhere, prints) == []


def prints(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"print", "input", "breakpoint"}
        for node in ast.walk(tree)
    )


def test_a_user_mistake_is_never_an_assert() -> None:
    assert breaking(OF_SHIPPED, has_assert) == []


def has_assert(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Assert) for node in ast.walk(tree))


def test_pandas_and_redis_are_imported_where_they_are_used() -> None:
    assert breaking(OF_SHIPPED, imports_at_once) == []


def imports_at_once(tree: ast.Module) -> set[str]:
    imported = {
        name.split(".")[0]
        for node in tree.body
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    return imported & {"pandas", "redis", "pyarrow", "duckdb"}


def test_a_module_begins_with_what_it_is_for() -> None:
    written = {name: text for name, text in OF_SHIPPED.items() if text}
    assert breaking(written, lambda tree: not ast.get_docstring(tree)) == []


def test_only_one_file_names_each_outside_system() -> None:
    def naming(module: str) -> set[str]:
        importing = re.compile(rf"^\s*(?:from|import) {module}\b", re.MULTILINE)
        return {named(path) for path in modules(*SHIPPED) if importing.search(path.read_text())}

    assert {path.rpartition("/")[0] for path in naming("sqlite3")} == {
        "infrastructure/stores/sqlite"
    }
    assert naming("filelock") == {"infrastructure/stores/sqlite/lease.py"}
    assert {path.rpartition("/")[0] for path in naming("redis")} == {"infrastructure/redis"}


REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("conda", "anaconda", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
    )
]
SKIPPED = {".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "build"}


def test_no_file_names_a_registry() -> None:
    naming = []
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if SKIPPED & set(parts) or "__pycache__" in parts or not path.is_file():
            continue
        if path.stat().st_size > 1_000_000:
            continue
        text = path.read_text(errors="replace")
        naming += [named(path) for host in REGISTRIES if host in text]
    assert naming == []
