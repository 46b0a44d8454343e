"""What can go wrong in a request, in the form OpenAI's clients understand."""

from typing import Any


class ApiError(Exception):
    """Answered as `{"error": {...}}`; the message is for people, the code for programs."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param

    def body(self) -> dict[str, Any]:
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return {"error": {"message": self.message, "type": kind, "code": self.code, "param": self.param}}


class BadRequest(ApiError):
    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(400, code, message, param)


class TooLarge(ApiError):
    def __init__(self, limit_bytes: int) -> None:
        super().__init__(413, "file_too_large", f"The upload is larger than {limit_bytes} bytes.", "file")


class Overloaded(ApiError):
    def __init__(self, engine: str) -> None:
        super().__init__(429, "overloaded", f"Too many requests wait for {engine}; try again shortly.")


class WorkerLost(ApiError):
    def __init__(self, engine: str, reason: str) -> None:
        super().__init__(
            503, "engine_lost", f"The {engine} process {reason}; it is being replaced. Try again."
        )
