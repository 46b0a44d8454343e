"""What the workers of one server share, in a folder: the count of talks, secrets, metrics, the kiosk."""

import hashlib
import mmap
import os
import struct
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from realtime.keys import Secret

METRICS = "PROMETHEUS_MULTIPROC_DIR"  # by which prometheus-client keeps its figures in files


class House(BaseModel):
    """`number`: of this worker. The folder is private, and gone when the server has ended."""

    model_config = ConfigDict(frozen=True)

    folder: Path
    number: int = 0
    workers: int
    chat_root: str | None = None  # of a chat server that is a child of the parent

    def build(self) -> None:
        """By the parent, before there is a worker."""
        for folder in (self.secrets_folder, self.metrics_folder, self.kiosk_folder):
            folder.mkdir(mode=0o700)
        self.tally_file.write_bytes(bytes(4 * self.workers))

    @property
    def secrets_folder(self) -> Path:
        return self.folder / "secrets"

    @property
    def metrics_folder(self) -> Path:
        return self.folder / "metrics"

    @property
    def kiosk_folder(self) -> Path:
        return self.folder / "kiosk"

    @property
    def tally_file(self) -> Path:
        return self.folder / "talks"


class Tally:
    """Each worker writes how many talks it has, and reads what all have. One that begins has none."""

    def __init__(self, house: House) -> None:
        with house.tally_file.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 0)
        self._at, self._format = 4 * house.number, f"={house.workers}I"
        self.tell(0)

    def tell(self, own: int) -> int:
        """How many there are in all."""
        struct.pack_into("=I", self._shared, self._at, own)
        return sum(struct.unpack(self._format, self._shared))


class SharedSecrets:
    """A file for each secret, named by its hash: what one worker mints opens talks on all of them."""

    def __init__(self, folder: Path, most: int = 10_000) -> None:
        self._folder = folder
        self._most = most

    def get(self, value: str) -> Secret | None:
        try:
            return _Kept.model_validate_json(self._file(value).read_bytes()).secret(value)
        except FileNotFoundError:
            return None

    def put(self, secret: Secret, now_s: float) -> None:
        self._forget(now_s)
        kept = _Kept(expires_at=secret.expires_at, session=secret.session)
        file = self._file(secret.value)
        draft = file.with_suffix(f".{os.getpid()}")
        draft.write_text(kept.model_dump_json())
        os.utime(draft, (secret.expires_at, secret.expires_at))
        draft.rename(file)

    def _forget(self, now_s: float) -> None:
        """The expired ones, and of too many those that expire first; a file's time is when it expires."""
        known = sorted((entry.stat().st_mtime, entry.path) for entry in os.scandir(self._folder))
        surplus = len(known) - self._most + 1
        for number, (expires_at, path) in enumerate(known):
            if expires_at <= now_s or number < surplus:
                Path(path).unlink(missing_ok=True)

    def _file(self, value: str) -> Path:
        return self._folder / hashlib.sha256(value.encode()).hexdigest()


class _Kept(BaseModel):
    expires_at: int
    session: dict[str, Any]

    def secret(self, value: str) -> Secret:
        return Secret(value, self.expires_at, self.session)
