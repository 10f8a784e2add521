"""The places of a loop's waiting calls: given in the order of asking, never too many, none lost."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from event_logger.writing.places import Places

TOO_MANY = -1

ASK, TURN = ("ask", 0), ("turn", 0)
COMING_BEFORE_IT_RUNS = [ASK, ASK, TURN, ASK, TURN, ASK, ("give back", 1), TURN]
CANCELLED_BEFORE_THE_NEXT_ASKS = [ASK, ASK, TURN, ASK, ("cancel", 1)]
CANCELLED_BEFORE_IT_RUNS = [ASK, TURN, ASK, ASK, TURN, ("give back", 0), ("cancel", 1), TURN]

steps = st.lists(
    st.one_of(
        st.just(ASK),
        st.tuples(st.sampled_from(["cancel", "give back"]), st.integers(0, 9)),
        st.just(TURN),
    ),
    max_size=40,
)


@example(free=1, steps=CANCELLED_BEFORE_THE_NEXT_ASKS)
@example(free=2, steps=COMING_BEFORE_IT_RUNS)
@example(free=1, steps=CANCELLED_BEFORE_IT_RUNS)
@given(free=st.integers(1, 3), steps=steps)
def test_places_go_to_those_who_asked_first_and_come_back(free: int, steps: Any) -> None:
    async def go() -> None:
        places = Places(free)
        asked: list[asyncio.Task[None]] = []
        taken: list[int] = []
        holding: list[int] = []

        async def ask(number: int) -> None:
            if not places.take_at_once():
                await places.take()
            taken.append(number)
            holding.append(number)
            if len(holding) > free:
                taken.append(TOO_MANY)

        for step, which in steps:
            if step == "ask":
                asked.append(asyncio.create_task(ask(len(asked))))
            elif step == "turn":
                await asyncio.sleep(0)
            elif step == "cancel" and asked:
                asked[which % len(asked)].cancel()
            elif step == "give back" and holding:
                count = which % len(holding) + 1
                del holding[:count]
                places.give_back(count)
        for _ in range(2 * len(asked) + 2):
            places.give_back(len(holding))
            holding.clear()
            await asyncio.sleep(0)
        places.give_back(len(holding))
        assert taken == [n for n, task in enumerate(asked) if not task.cancelled()]
        assert [places.take_at_once() for _ in range(free + 1)] == [True] * free + [False]

    asyncio.run(go())
