"""Another task of the same event loop, which wants every turn that it can get."""

from dataclasses import dataclass

from anyio.lowlevel import checkpoint


@dataclass
class Rival:
    turns: int = 0  # that it got

    async def run(self) -> None:
        while True:
            self.turns += 1
            await checkpoint()
