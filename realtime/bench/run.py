"""All learners at once, one task each."""

from collections.abc import Sequence

import anyio

from realtime.bench.diary import Diary
from realtime.bench.learner import Order, talk
from realtime.bench.speech import Repertoire

JOIN_S = 4.0  # in which all of them come, so that they do not speak in step


async def run(order: Order, repertoire: Repertoire) -> Sequence[Diary]:
    """Whoever is refused or cut off leaves the others be. Ends at the latest with the order's limit."""
    diaries = [Diary(planned=order.turns) for _ in range(order.learners)]
    with anyio.move_on_after(order.limit_s):
        async with anyio.create_task_group() as tasks:
            for number, diary in enumerate(diaries):
                tasks.start_soon(_come, order, number, repertoire, diary)
    return diaries


async def _come(order: Order, number: int, repertoire: Repertoire, diary: Diary) -> None:
    await anyio.sleep(number * JOIN_S / order.learners)
    await talk(order, number, repertoire, diary)
