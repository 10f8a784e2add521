"""Keywords by which callers of a former version name an argument."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def also_named(**present: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let callers give an argument by a former keyword, too: `also_named(changes="updates")`.

    Given by both, the call raises `TypeError`.
    """

    def decorate(method: Callable[P, R]) -> Callable[P, R]:
        @wraps(method)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            if kwargs and not present.keys().isdisjoint(kwargs):
                for former in present.keys() & kwargs.keys():
                    name = present[former]
                    if name in kwargs:
                        raise TypeError(
                            f"{method.__name__}() is given {name} as {former}, too; give it once"
                        )
                    kwargs[name] = kwargs.pop(former)
            return method(*args, **kwargs)

        return called

    return decorate
