"""`tutor pull`: says what will be downloaded, sees that it has room, and fetches it."""

import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from realtime.errors import DiskFull
from realtime.setup.models import HOW_TO_MAKE_ROOM, Model, cache_folder, folder_of, is_pulled

if TYPE_CHECKING:
    from realtime.setup.hub import Offer


def pull(models: Sequence[Model], *, ask: bool, dry_run: bool) -> None:
    """Raises PullError. Nothing is asked where nobody is at the terminal."""
    if not models:
        print("Nothing to download: what it needs was installed with it.")
        return
    absent = [model for model in models if not is_pulled(model)]
    for model in models:
        if model not in absent:
            print(_row(model, f"here, at commit {folder_of(model).name}"))
    if absent:
        _pull(absent, ask=ask, dry_run=dry_run)
    else:
        print("All is here.")


def _pull(models: Sequence[Model], *, ask: bool, dry_run: bool) -> None:
    from realtime.setup.hub import fetch, offer  # noqa: PLC0415  # half a second that is for downloads only

    offers: list[Offer] = []
    for model in models:
        offers.append(offer(model))
        print(_row(model, amount(offers[-1].size_bytes)))
    left_bytes = sum(offered.left_bytes for offered in offers)
    print(
        f"To download: {amount(left_bytes)}; {amount(_free_bytes())} are free in {cache_folder()}", flush=True
    )
    _check_room(left_bytes)
    if dry_run or (ask and not _agreed()):
        print("Nothing was downloaded.")
        return
    for offered in offers:
        fetch(offered)
        print(f"{offered.model.repo} is here, at commit {offered.commit}: checksums are right", flush=True)


def amount(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.2f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"


def _row(model: Model, state: str) -> str:
    return f"{model.repo}\n    {model.why}; licence: {model.licence}; {state}"


def _check_room(needed_bytes: int) -> None:
    lacking_bytes = needed_bytes - _free_bytes()
    if lacking_bytes > 0:
        message = f"{amount(lacking_bytes)} too little room on this disk. {HOW_TO_MAKE_ROOM}"
        raise DiskFull(f"{message}; HF_HOME names a folder on another disk")


def _free_bytes() -> int:
    folder = cache_folder()
    return shutil.disk_usage(next(each for each in (folder, *folder.parents) if each.exists())).free


def _agreed() -> bool:
    return not sys.stdin.isatty() or input("Download it? [Y/n] ").strip().lower() in ("", "y", "yes")
