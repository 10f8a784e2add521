"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHIPPED = ("domain", "projections", "infrastructure", "event_logger")
LONGEST_MODULE = 300


def modules(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


shipped = pytest.mark.parametrize("path", modules(*SHIPPED), ids=named)
every = pytest.mark.parametrize("path", modules(*SHIPPED, "benchmarks", "tests"), ids=named)


def test_there_is_something_to_check() -> None:
    assert len(modules(*SHIPPED)) > 30


@every
def test_a_module_has_at_most_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


@every
def test_a_module_has_no_section_banners(path: Path) -> None:
    banner = re.compile(r"^\s*#\s*([-=*#~_+])\1{2,}", re.MULTILINE)
    assert banner.findall(path.read_text()) == []


@shipped
def test_only_the_command_line_prints(path: Path) -> None:
    if path.parent == ROOT / "event_logger" / "cli":
        return
    calls = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"print", "input", "breakpoint"}
    ]
    assert calls == []


@shipped
def test_a_user_mistake_is_never_an_assert(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)] == []


@shipped
def test_pandas_and_redis_are_imported_where_they_are_used(path: Path) -> None:
    tree = ast.parse(path.read_text())
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
    assert imported & {"pandas", "redis", "pyarrow"} == set()


@shipped
def test_a_module_begins_with_what_it_is_for(path: Path) -> None:
    source = path.read_text()
    assert not source or ast.get_docstring(ast.parse(source))


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
