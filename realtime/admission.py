"""At the door: who may come in, from which pages, and with which configuration a talk starts."""

import time
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, ValidationError
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from realtime.errors import ProtocolError
from realtime.keys import Keys, Pass, Secrets, token_of
from realtime.protocol.config import Config, merged, refused, restyled
from realtime.settings import Settings
from realtime.tls import is_loopback
from realtime.tutor.persona import persona
from realtime.wire.model import Wire

DEFAULT_SECRET_S = 600
Body = TypeVar("Body", bound=Wire)


class Expiry(Wire):
    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Field(ge=10, le=7200)] = DEFAULT_SECRET_S


class SecretRequest(Wire):
    expires_after: Expiry = Expiry()
    session: dict[str, Any] | None = None


class Door:
    """Knows the keys and the settings; the routes ask it."""

    def __init__(self, settings: Settings, secrets: Secrets | None = None) -> None:
        self.keys = Keys(settings.api_keys, time.time, secrets)
        self._settings = settings

    def described(self) -> dict[str, Any]:
        """What a page may know before it is let in: GET /v1/door."""
        engines = self._settings.engines
        urls = (engines.speech_url, engines.transcription_url, engines.chat_url)
        return {
            "keys": not self.keys.open,
            "profile": self._settings.profile,
            "chat": self._settings.talks_freely,
            "elsewhere": any(
                not is_loopback(urlsplit(url).hostname or "") for url in urls if url is not None
            ),
        }

    def subprotocols(self, connection: HTTPConnection) -> list[str]:
        return connection.scope.get("subprotocols", [])

    def admit(self, connection: HTTPConnection) -> Pass | Response:
        """A pass, or the answer for whoever is not let in."""
        if not self._is_own_page(connection):
            return failure(403, "origin_not_allowed", "this origin may not open a talk")
        token = token_of(connection.headers.get("authorization"), self.subprotocols(connection))
        return self.keys.admit(token) or failure(401, "invalid_api_key", "a valid API key is needed")

    def start(self, connection: HTTPConnection, given: Pass) -> Config:
        """The configuration of a session that begins: defaults, the query, the client secret's own."""
        config = self._default(connection.query_params.get("model") or "tutor")
        if given.session is not None:
            return merged(restyled(config, given.session.get("type")), given.session, tutor=False)
        wanted = "transcription" if connection.query_params.get("intent") == "transcription" else "realtime"
        return restyled(config, wanted)

    async def mint(self, request: Request) -> Response:
        """POST /v1/realtime/client_secrets: a short-lived secret for a browser."""
        if refusal := self.refuses(request, "this origin may not ask for secrets"):
            return refusal
        try:
            wanted = SecretRequest.model_validate_json(await request.body() or b"{}")
            session = {"type": "realtime", **(wanted.session or {})}
            model = session.get("model")
            config = self._default(model if isinstance(model, str) else "tutor")
            config = merged(restyled(config, session["type"]), session, tutor=False)
        except ValidationError as error:
            wrong = refused(error, "body", {})
            return failure(400, wrong.code, str(wrong), wrong.param)
        except ProtocolError as error:
            return failure(400, error.code, str(error), error.param)
        secret = self.keys.mint(wanted.expires_after.seconds, session)
        described = {**config.described(), "id": f"sess_{secret.value[3:19]}"}
        return JSONResponse(
            {"value": secret.value, "expires_at": secret.expires_at, "session": described},
            headers={"Cache-Control": "no-store"},
        )

    def refuses(self, request: Request, foreign: str) -> Response | None:
        """The answer for whoever has no key of the settings: a secret that was minted is not enough."""
        if not self._is_own_page(request):
            return failure(403, "origin_not_allowed", foreign)
        if not self.keys.is_key(token_of(request.headers.get("authorization"), ())):
            return failure(401, "invalid_api_key", "a valid API key is needed")
        return None

    def _default(self, model: str) -> Config:
        talk = self._settings.talk
        return Config.model_validate(
            {
                "model": model,
                "instructions": persona(talk.level, talk.mother_tongue),
                "audio": {"output": {"voice": self._settings.engines.voice}},
            }
        )

    def _is_own_page(self, connection: HTTPConnection) -> bool:
        """A foreign page must not use the learner's browser as its key; a program sends no origin."""
        origin = connection.headers.get("origin")
        if origin is None or origin in self._settings.server.origins:
            return True
        return urlsplit(origin).netloc == connection.headers.get("host")


async def body_of(request: Request, form: type[Body], most_bytes: int) -> Body | Response:
    """The body as that value, or the answer for one that is none; no more of it is read than may be."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > most_bytes:
            return failure(413, "body_too_large", f"at most {most_bytes} bytes")
    try:
        return form.model_validate_json(body)
    except ValidationError as error:
        wrong = refused(error, "body", {})
        return failure(400, wrong.code, str(wrong), wrong.param)


def failure(status: int, code: str, message: str, param: str | None = None) -> Response:
    """An error in OpenAI's form."""
    kind = "authentication_error" if status == 401 else "invalid_request_error"
    error = {"message": message, "type": kind, "code": code, "param": param}
    return JSONResponse({"error": error}, status)
