"""Messages pass from task to task without a round through all others, and are waited for where they must."""

import anyio
import pytest
from anyio.lowlevel import checkpoint

from realtime.channel import Taken, put


async def test_nobody_else_gets_a_turn_while_there_is_room_and_something_to_take() -> None:
    turns = 0

    async def rival() -> None:
        nonlocal turns
        while True:
            turns += 1
            await checkpoint()

    post, inbox = anyio.create_memory_object_stream[int](4)
    async with post, inbox, anyio.create_task_group() as tasks:
        tasks.start_soon(rival)
        await checkpoint()
        before, taken = turns, Taken(inbox)
        for number in range(4):
            await put(post, number)
        assert [await anext(taken) for _ in range(4)] == [0, 1, 2, 3]
        assert turns == before
        tasks.cancel_scope.cancel()


async def test_who_puts_waits_for_room_and_who_takes_for_a_message_and_both_for_the_end() -> None:
    post, inbox = anyio.create_memory_object_stream[int](2)
    got: list[int] = []

    async def write() -> None:
        async with post:
            for number in range(9):
                await put(post, number)

    async with inbox, anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        async for number in Taken(inbox):
            got.append(number)
            await checkpoint()
    assert got == [*range(9)]


async def test_who_is_cancelled_together_with_its_reader_ends_as_cancelled() -> None:
    post, inbox = anyio.create_memory_object_stream[int](2)
    with anyio.CancelScope() as scope, post:
        inbox.close()  # it heard of the end a moment sooner
        scope.cancel()
        await put(post, 1)
    assert scope.cancelled_caught


async def test_who_puts_learns_that_nobody_takes_any_more() -> None:
    post, inbox = anyio.create_memory_object_stream[int](2)
    inbox.close()
    with post, pytest.raises(anyio.BrokenResourceError):
        await put(post, 1)
