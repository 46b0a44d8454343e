"""The hub of models: what it has, and how that gets into its cache on this machine. Raises PullError only.

A file takes its place in the cache when its checksum is right. huggingface_hub 2.4 begins a file anew when
its process was ended (its issue 4196); weights are gigabytes, so what came is kept here, and continued.
"""
# pyright: reportUnknownVariableType=false
# huggingface_hub leaves the types of a few parameters open that are not used here.

import errno
import hashlib
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from huggingface_hub import HfApi, constants, get_hf_file_metadata, get_token, hf_hub_download, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import WeakFileLock, build_hf_headers

from realtime.errors import DiskFull, FileCorrupt, HubUnreachable, ModelGated, ModelUnknown, PullError
from realtime.setup.models import HOW_TO_MAKE_ROOM, UNGATED, Model, cache_of, wanted

AGAIN = "What came is kept: the same command continues it"
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
FETCHES = 2  # a file that is corrupt twice is so at the hub, or on every way there


@dataclass(frozen=True, slots=True)
class File:
    name: str
    size_bytes: int
    checksum: str  # sha256 of what lies in large file storage, git's own of the rest


@dataclass(frozen=True, slots=True)
class Offer:
    """What the hub has of a model, at the commit that its revision stands for now."""

    model: Model
    commit: str
    files: tuple[File, ...]

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def missing(self) -> list[File]:
        snapshot = cache_of(self.model) / "snapshots" / self.commit
        return [file for file in self.files if not (snapshot / file.name).exists()]

    @property
    def left_bytes(self) -> int:
        """Of the missing files, less what an earlier pull left of them."""
        return sum(max(0, file.size_bytes - _size(_partial(self.model, file))) for file in self.missing)


def offer(model: Model) -> Offer:
    """Asks the hub what it has, and whether this account may have it."""
    with _plainly(model):
        info = HfApi().model_info(model.repo, revision=model.revision, files_metadata=True)
        siblings = {sibling.rfilename: sibling for sibling in info.siblings or []}
        files: list[File] = []
        for name in wanted(model, siblings):
            size_bytes, lfs = siblings[name].size, siblings[name].lfs
            checksum = lfs.sha256 if lfs else siblings[name].blob_id
            if size_bytes is None or checksum is None:
                raise PullError(f"{constants.ENDPOINT} tells no size or checksum of {model.repo}/{name}")
            files.append(File(name, size_bytes, checksum))
        if info.sha is None or not files:
            raise ModelUnknown(f"{model.repo} at {constants.ENDPOINT} has none of {', '.join(model.files)}")
        get_hf_file_metadata(_url(model, info.sha, files[0]))  # where a gated model is refused
    return Offer(model, info.sha, tuple(files))


def fetch(offered: Offer) -> None:
    """What came until it fails is continued by the next call, in whichever process."""
    with _plainly(offered.model):
        for file in offered.missing:
            if not sys.stderr.isatty():  # where there are no progress bars, which name it
                print(f"  {file.name}", flush=True)
            _place(offered, file)
            hf_hub_download(offered.model.repo, file.name, revision=offered.commit)  # links what was placed
        ref = cache_of(offered.model) / "refs" / offered.model.revision
        ref.parent.mkdir(parents=True, exist_ok=True)
        ref.write_text(offered.commit)  # last, so that a revision stands for all of its files


def _place(offered: Offer, file: File) -> None:
    """Under the name by which the hub's cache knows the file: its ETag."""
    url = _url(offered.model, offered.commit, file)
    partial = _partial(offered.model, file)
    blob = partial.with_name(get_hf_file_metadata(url).etag or file.checksum)
    with _alone(offered.model, file):
        if blob.exists():
            return
        for _ in range(FETCHES):
            _download(url, partial, file)
            if _checksum(partial, file) == file.checksum:
                partial.rename(blob)
                return
            partial.unlink()
    raise FileCorrupt(f"{offered.model.repo}/{file.name} came with a wrong checksum twice, and was removed")


def _download(url: str, partial: Path, file: File) -> None:
    """A connection that breaks is followed by another for as long as each brings something."""
    headers = build_hf_headers() | {
        "Accept-Encoding": "identity"
    }  # a part of compressed text continues nothing
    partial.parent.mkdir(parents=True, exist_ok=True)
    partial.touch()
    while (had := _size(partial)) < file.size_bytes:
        try:
            with partial.open("ab") as out:
                http_get(
                    url,
                    out,
                    resume_size=had,
                    headers=headers,
                    expected_size=file.size_bytes,
                    displayed_filename=file.name,
                )
        except httpx2.TransportError:
            if _size(partial) == had:
                raise


def _checksum(path: Path, file: File) -> str:
    is_git = len(file.checksum) == 40
    digest = hashlib.sha1(f"blob {file.size_bytes}\0".encode()) if is_git else hashlib.sha256()
    with path.open("rb") as content:
        return hashlib.file_digest(content, lambda: digest).hexdigest()


@contextmanager
def _alone(model: Model, file: File) -> Generator[None]:
    """Two pulls of one file would write into each other's."""
    cache = cache_of(model)
    lock = cache.parent / ".locks" / cache.name / f"{file.checksum}.incomplete.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(lock):
        yield


def _url(model: Model, commit: str, file: File) -> str:
    return hf_hub_url(model.repo, file.name, revision=commit)


def _partial(model: Model, file: File) -> Path:
    return cache_of(model) / "blobs" / f"{file.checksum}.incomplete"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextmanager
def _plainly(model: Model) -> Generator[None]:
    """What can be foreseen, in words that say what to do."""
    try:
        yield
    except GatedRepoError as error:
        raise ModelGated(_how_to_be_let_in(model)) from error
    except (RepositoryNotFoundError, RevisionNotFoundError, HFValidationError) as error:
        message = f"{constants.ENDPOINT} has no {model.repo} at {model.revision}, or not for everybody"
        raise ModelUnknown(message) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            said = error.server_message or "no access"
            raise ModelGated(f"the hub refuses the token ({said}).\n{_how_to_be_let_in(model)}") from error
        raise HubUnreachable(f"{constants.ENDPOINT} answered {status}. {AGAIN}") from error
    except OfflineModeIsEnabled as error:
        raise HubUnreachable("HF_HUB_OFFLINE is set, and not all is here: unset it to download") from error
    except (httpx2.HTTPError, LocalEntryNotFoundError) as error:
        raise HubUnreachable(f"no connection to {constants.ENDPOINT} ({error}). {AGAIN}") from error
    except OSError as error:
        if error.errno in NO_SPACE:
            raise DiskFull(f"the disk is full. {HOW_TO_MAKE_ROOM}. {AGAIN}") from error
        raise PullError(f"{model.repo}: {error}") from error


def _how_to_be_let_in(model: Model) -> str:
    token = "the token given has no access to it" if get_token() else "no token was given"
    return f"""{model.repo} is for accounts that accepted its licence ({model.licence}); {token}.
  1. Open {model.page}, log in, accept the licence, and wait until access is granted.
  2. Make a token that may read, at https://huggingface.co/settings/tokens.
  3. `hf auth login`, or HF_TOKEN=hf_... in the environment; then the same command again.
Without an account: tutor pull gpu --chat-model {UNGATED}"""
