"""Who may talk: API keys from the settings, and short-lived secrets that their holders give to browsers."""

import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

SECRET = "ek_"
SUBPROTOCOL = "openai-insecure-api-key."


@dataclass(frozen=True, slots=True)
class Secret:
    """`session`: the configuration with which its talks start; `expires_at` in Unix seconds."""

    value: str
    expires_at: int
    session: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pass:
    """A client that may talk, and what its secret says about the session."""

    session: dict[str, Any] | None = None


class Keys:
    """Without keys whoever reaches the server may talk: then it listens on loopback only.

    `now` gives Unix seconds. A secret opens any number of talks until it expires.
    """

    def __init__(
        self, keys: Sequence[str], now: Callable[[], float], secrets: "Secrets | None" = None
    ) -> None:
        self._keys = [key.encode() for key in keys]
        self._now = now
        self._secrets = secrets or OwnSecrets()

    @property
    def open(self) -> bool:
        return not self._keys

    def admit(self, token: str | None) -> Pass | None:
        """None for whoever may not talk. An unknown or expired secret opens nothing, even without keys."""
        if token is not None and token.startswith(SECRET):
            secret = self._secrets.get(token)
            return Pass(secret.session) if secret and secret.expires_at > self._now() else None
        return Pass() if self.is_key(token) else None

    def is_key(self, token: str | None) -> bool:
        """Whether the token may mint secrets; every key is compared, in constant time."""
        if self.open:
            return True
        given = (token or "").encode()
        return any([hmac.compare_digest(given, key) for key in self._keys])

    def mint(self, seconds: int, session: dict[str, Any]) -> Secret:
        secret = Secret(SECRET + secrets.token_hex(24), int(self._now()) + seconds, session)
        self._secrets.put(secret, self._now())
        return secret


class Secrets(Protocol):
    def get(self, value: str) -> Secret | None: ...

    def put(self, secret: Secret, now_s: float) -> None: ...


class OwnSecrets:
    """Those of this process."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._known: dict[str, Secret] = {}

    def get(self, value: str) -> Secret | None:
        return self._known.get(value)

    def put(self, secret: Secret, now_s: float) -> None:
        for value in [value for value, known in self._known.items() if known.expires_at <= now_s]:
            del self._known[value]
        if len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        self._known[secret.value] = secret


def token_of(authorization: str | None, subprotocols: Sequence[str]) -> str | None:
    """The key as programs send it (a Bearer header) or as browsers do (a subprotocol)."""
    if authorization and authorization.lower().startswith("bearer "):
        return authorization[7:].strip()
    return next(
        (name.removeprefix(SUBPROTOCOL) for name in subprotocols if name.startswith(SUBPROTOCOL)), None
    )


def invitation(address: str, key: str) -> str:
    """An address that brings its key along in the fragment, which a browser sends to nobody."""
    return f"{address}/#key={quote(key, safe='')}"
