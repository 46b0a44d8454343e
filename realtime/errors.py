"""Everything that can go wrong, as one tree. `code` is for programs, the message for people and the log.

TutorError
├── ProtocolError       a client event that cannot be carried out; the session goes on
├── LinkClosed          the socket is gone, or its reader is too slow
├── SettingsError       the server cannot start like this; a LessonError says which line of a lesson is wrong,
│                       a PackError what of a voice pack
├── PullError           a model is not here, and could not be fetched
│   ├── HubUnreachable
│   ├── ModelUnknown    to the hub
│   ├── ModelGated      its licence is to be accepted first
│   ├── DiskFull
│   └── FileCorrupt     twice, so it is not luck
└── EngineError         an engine behind one of the borders
    ├── EngineTimeout
    ├── EngineDown      not reachable, or its process has died
    └── EngineRefused   it answered with an error
        └── PromptTooLong   the chat model's window cannot hold what was asked
"""


class TutorError(Exception):
    code = "error"
    retryable = False


class ProtocolError(TutorError):
    """`param` names the offending field; `kind` is the protocol's error type."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        param: str | None = None,
        event_id: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.param = param
        self.event_id = event_id
        self.kind = kind


class LinkClosed(TutorError):
    code = "link_closed"


class SettingsError(TutorError):
    code = "settings"


class PullError(TutorError):
    """`exit_status` is that of `tutor pull`."""

    code = "pull"
    exit_status = 1


class ModelGated(PullError):
    exit_status = 3


class DiskFull(PullError):
    exit_status = 4


class HubUnreachable(PullError):
    exit_status = 5
    retryable = True


class ModelUnknown(PullError):
    exit_status = 6


class FileCorrupt(PullError):
    exit_status = 7


class EngineError(TutorError):
    """`stage` is recognition, chat or speech."""

    code = "engine_error"
    retryable = True

    def __init__(self, stage: str, message: str) -> None:
        super().__init__(f"{stage}: {message}")
        self.stage = stage


class EngineTimeout(EngineError):
    code = "engine_timeout"


class EngineDown(EngineError):
    code = "engine_down"


class EngineRefused(EngineError):
    """`status`: the engine's, where it answered over HTTP."""

    code = "engine_refused"
    retryable = False

    def __init__(self, stage: str, message: str, status: int | None = None) -> None:
        super().__init__(stage, message)
        self.status = status


class PromptTooLong(EngineRefused):
    code = "prompt_too_long"
