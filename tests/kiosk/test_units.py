"""The files of a kiosk: what systemd and Chromium make of them, and what the watch does when it runs."""

import http.server
import json
import mmap
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from realtime.setup.kiosk_doctor import UNITS
from realtime.setup.kiosk_units import FILES, POLICIES, SCRIPTS, SYSTEMD, Site, write_units

DOCUMENT = (Path(__file__).parents[2] / "docs" / "kiosk.md").read_text()
CHROMIUM = Path("/usr/lib/chromium/chromium")
PAGE_ANEW, SERVER_ANEW = "restart atom-kiosk-page.service", "restart atom-kiosk.service"


def test_they_are_filled_in_and_lie_where_they_belong(tmp_path: Path) -> None:
    site = Site(home=Path("/srv/tutor"), server_user="s", page_user="p", port=8123, update_at="03:15")
    written = write_units(tmp_path, site)
    assert len(written) == len(list(FILES.iterdir()))
    text = "\n".join(file.read_text() for file in written)
    assert not re.findall(r"@[A-Z_]+@", text)
    for said in ("/srv/tutor/.venv/bin/tutor serve --port 8123", "User=s", "User=p", "*-*-* 03:15:00"):
        assert said in text
    scripts = tmp_path / SCRIPTS
    assert {file.name for file in scripts.iterdir()} == {"atom-kiosk-watch", "atom-kiosk-update"}
    assert all(os.access(file, os.X_OK) for file in scripts.iterdir())
    assert {*UNITS} <= {file.name for file in (tmp_path / SYSTEMD).iterdir()}


def test_the_page_describes_every_file() -> None:
    assert [file.name for file in FILES.iterdir() if f"`{file.name}`" not in DOCUMENT] == []


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    assert verify, "Debian has it"
    for program in ("usr/bin/cage", "usr/bin/curl", "usr/bin/chromium", "opt/atom/src/.venv/bin/tutor"):
        (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
    write_units(tmp_path, Site())
    # Debian's own targets, which the units name.
    shutil.copytree("/lib/systemd/system", tmp_path / "lib/systemd/system", symlinks=True)
    done = subprocess.run(
        [verify, "verify", "--man=no", f"--root={tmp_path}", *UNITS],
        capture_output=True,
        text=True,
        check=False,
    )
    about_ours = [line for line in done.stderr.splitlines() if "atom-kiosk" in line]
    assert (done.returncode, about_ours) == (0, [])


def test_chromium_knows_every_flag_and_every_policy(tmp_path: Path) -> None:
    write_units(tmp_path, Site())
    policies = json.loads((tmp_path / POLICIES / "atom-kiosk.json").read_text())
    unit = (tmp_path / SYSTEMD / "atom-kiosk-page.service").read_text()
    flags = re.findall(r"--([a-z-]+)", unit.split("/usr/bin/chromium", 1)[1])
    names = {*policies, *flags}
    assert len(names) > 30
    pattern = b"\\0(" + b"|".join(name.encode() for name in sorted(names)) + b")(?=\\0)"
    with CHROMIUM.open() as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as binary:
        known = {found.decode() for found in re.findall(pattern, binary)}
    assert names - known == set()


def test_the_scripts_are_plain_shell(tmp_path: Path) -> None:
    write_units(tmp_path, Site())
    for script in (tmp_path / SCRIPTS).iterdir():
        subprocess.run(["sh", "-n", script], check=True)


@contextmanager
def monitor(status: int, line: str) -> Iterator[int]:
    """A server that says this health line."""

    class Says(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(line.encode())

        def log_message(self, format: str, *args: object) -> None:
            """It is a test's."""

    with http.server.HTTPServer(("127.0.0.1", 0), Says) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def stub(folder: Path, name: str, script: str) -> None:
    """A program that stands in the way of the machine's own."""
    program = folder / "bin" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def run(folder: Path, script: str) -> list[str]:
    """What the script asks of systemd."""
    asked = folder / "asked"
    asked.write_text("")
    stub(folder, "systemctl", f'echo "$@" >> {asked}')
    environment = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "ATOM_WATCH_PAUSE_S": "0"}
    subprocess.run([folder / SCRIPTS / script], check=True, env=environment, capture_output=True)
    return asked.read_text().splitlines()


def watched(folder: Path, port: int) -> list[str]:
    write_units(folder, Site(port=port))
    return run(folder, "atom-kiosk-watch")


@pytest.mark.parametrize(
    ("status", "line", "asked"),
    [
        (200, "OK page=attract seen=4s visitors=3 sessions=1 engines=ready\n", []),
        (503, "PROBLEM page not seen for 95s\n", [PAGE_ANEW]),
        (503, "PROBLEM page stuck in visit for 700s\n", [PAGE_ANEW]),
        (503, "PROBLEM told by the page (offline): no microphone\n", []),
        (503, "PROBLEM engines not ready: speech server\n", []),
    ],
)
def test_the_watch_starts_the_browser_anew_where_that_is_a_cure(
    tmp_path: Path, status: int, line: str, asked: list[str]
) -> None:
    with monitor(status, line) as port:
        assert watched(tmp_path, port) == asked


def test_the_watch_starts_a_server_anew_that_does_not_answer(tmp_path: Path) -> None:
    with monitor(200, "") as port:
        pass
    assert watched(tmp_path, port) == [SERVER_ANEW]


class Release:
    """A kiosk's clone at v1, and the repository from which it is updated."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.origin, self.home = folder / "origin", folder / "home"
        self.origin.mkdir()
        git(self.origin, "init", "--quiet")
        self.tag("v1")
        git(folder, "clone", "--quiet", str(self.origin), str(self.home))
        stub(folder, "runuser", 'shift 3; exec "$@"')
        stub(folder, "make", f'echo "$@" >> {folder}/made')

    def tag(self, name: str) -> None:
        git(self.origin, "commit", "--quiet", "--allow-empty", "--message", name)
        git(self.origin, "tag", name)

    def update(self, line: str = "OK page=closed") -> list[str]:
        with monitor(200, line) as port:
            write_units(self.folder, Site(home=self.home, port=port))
            return run(self.folder, "atom-kiosk-update")

    @property
    def at(self) -> str:
        return git(self.home, "describe", "--tags")


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    command = ["git", *who, "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_new_release_is_set_up_and_started(tmp_path: Path) -> None:
    release = Release(tmp_path)
    release.tag("v2")
    assert release.update() == [SERVER_ANEW, PAGE_ANEW]
    assert release.at == "v2"
    assert (tmp_path / "made").read_text() == f"-C {release.home} setup\n"
    assert release.update() == [PAGE_ANEW]  # there is no newer one


def test_a_release_that_cannot_be_set_up_is_left(tmp_path: Path) -> None:
    release = Release(tmp_path)
    release.tag("v2")
    stub(tmp_path, "make", f'[ "$(git -C {release.home} describe --tags)" = v1 ]')
    assert release.update() == [SERVER_ANEW, PAGE_ANEW]
    assert release.at == "v1"


def test_without_a_network_the_browser_is_started_anew_all_the_same(tmp_path: Path) -> None:
    release = Release(tmp_path)
    shutil.rmtree(release.origin)
    assert release.update() == [PAGE_ANEW]
    assert release.at == "v1"


@pytest.mark.parametrize("page", ["visit", "farewell"])
def test_nothing_is_updated_under_a_visitor(tmp_path: Path, page: str) -> None:
    release = Release(tmp_path)
    release.tag("v2")
    assert release.update(f"OK page={page} seen=4s") == []
    assert release.at == "v1"
