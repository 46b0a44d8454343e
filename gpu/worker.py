"""One worker process as the server sees it: a job in, its replies out, stopped when its request is."""

from dataclasses import dataclass

from anyio import BrokenResourceError, ClosedResourceError, EndOfStream, move_on_after
from anyio.abc import Process

from gpu.pipe import Head, Message, MessageReader, pack

STOP_GRACE_S = 0.5  # what a stopped job may still take before its process is killed


@dataclass(eq=False, slots=True)
class Worker:
    """One living process and its pipes."""

    process: Process
    reader: MessageReader
    lost: bool = False  # killed or dead, though its end may not have been reported yet
    served: str = ""  # the key of its last job: what it has ready in memory

    async def ask(self, job: int, head: Head, body: bytes) -> list[Message]:
        """All replies to one job. Raises EndOfStream when the process dies."""
        assert self.process.stdin
        try:
            await self.process.stdin.send(pack({**head, "job": job}, body))
        except (BrokenResourceError, ClosedResourceError) as error:
            raise EndOfStream from error
        return await self.replies(job)

    async def replies(self, job: int) -> list[Message]:
        replies: list[Message] = []
        while True:
            head, body = await self.reader.next()
            if head["job"] != job:
                continue
            if head.get("end"):
                return replies
            replies.append((head, body))

    async def stop(self, job: int) -> None:
        """Returns when the process is free of the job, or dead."""
        with move_on_after(STOP_GRACE_S, shield=True) as scope:
            try:
                assert self.process.stdin
                await self.process.stdin.send(pack({"stop": job}))
                await self.replies(job)
            except (BrokenResourceError, ClosedResourceError, EndOfStream):
                self.kill()
        if scope.cancelled_caught:
            self.kill()

    def kill(self) -> None:
        self.lost = True
        if self.process.returncode is None:
            self.process.kill()
