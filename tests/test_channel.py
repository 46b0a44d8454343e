"""Messages pass from task to task without a round through all others, and are waited for where they must."""

from contextlib import closing

import anyio
import pytest
from anyio.lowlevel import checkpoint

from realtime.channel import Channel
from tests.rival import Rival


async def test_nobody_else_gets_a_turn_while_there_is_room_and_something_to_take() -> None:
    rival, channel = Rival(), Channel[int](4)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(rival.run)
        await checkpoint()
        before = rival.turns
        for number in range(4):
            await channel.put(number)
        assert [await anext(channel) for _ in range(4)] == [0, 1, 2, 3]
        assert rival.turns == before
        tasks.cancel_scope.cancel()


async def test_who_puts_waits_for_room_and_who_takes_for_a_message_and_both_for_the_end() -> None:
    channel, got, longest = Channel[int](2), list[int](), 0

    async def write() -> None:
        nonlocal longest
        with closing(channel):
            for number in range(9):
                await channel.put(number)
                longest = max(longest, number + 1 - len(got))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        with channel.emptying():
            async for number in channel:
                await checkpoint()
                got.append(number)
    assert got == [*range(9)]
    assert longest == 3  # two in it, and one that is being looked at


async def test_what_was_put_before_the_end_is_taken_and_the_end_lasts() -> None:
    channel = Channel[int](2)
    with closing(channel):
        await channel.put(1)
        await channel.put(2)
    assert [number async for number in channel] == [1, 2]
    assert [number async for number in channel] == []
    with pytest.raises(anyio.BrokenResourceError):
        await channel.put(3)


async def test_the_end_is_told_to_who_waits_for_a_message() -> None:
    channel, got = Channel[int](1), list[int]()

    async def take() -> None:
        got.extend([number async for number in channel])
        got.append(-1)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take)
        await anyio.wait_all_tasks_blocked()
        channel.close()
    assert got == [-1]


async def test_an_offer_waits_for_nothing() -> None:
    channel = Channel[int](1)
    assert channel.offer(1)
    assert not channel.offer(2)
    assert await anext(channel) == 1


async def test_who_is_cancelled_together_with_its_reader_ends_as_cancelled() -> None:
    channel = Channel[int](2)
    with anyio.CancelScope() as scope:
        channel.leave()  # it heard of the end a moment sooner
        scope.cancel()
        await channel.put(1)
    assert scope.cancelled_caught


async def test_who_puts_learns_that_nobody_takes_any_more() -> None:
    channel = Channel[int](2)
    channel.leave()
    with pytest.raises(anyio.BrokenResourceError):
        await channel.put(1)


async def test_all_who_wait_for_room_learn_that_nobody_takes_any_more() -> None:
    channel, told = Channel[int](2), 0

    async def write() -> None:
        nonlocal told
        with pytest.raises(anyio.BrokenResourceError):
            await channel.put(0)
        told += 1

    await channel.put(0)
    await channel.put(0)
    async with anyio.create_task_group() as tasks:
        for _ in range(7):
            tasks.start_soon(write)
        await anyio.wait_all_tasks_blocked()
        assert told == 0
        channel.leave()
    assert told == 7
