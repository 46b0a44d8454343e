"""`tutor kiosk`, as staff type it: a file of settings, orders to a real server, its health."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from realtime.setup.environment import changed, read, unknown
from tests.serving import Served, serving

NOBODY = "http://127.0.0.1:9"
KEY = "blue-whale-7"
STAFF = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with serving(TUTOR_API_KEYS=KEY, TUTOR_KIOSK__VOLUME="0.5") as served:
        yield served


def typed(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "realtime", "kiosk", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=os.environ | environment, check=False
    )


# the file


def test_what_is_written_is_what_a_server_starts_with(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.env"
    hours = "Mo-Fr 09:00-18:00, Sa 10:00-14:00"
    flags = (
        "--hours",
        hours,
        "--volume",
        "0.5",
        "--language",
        "en",
        "--push-to-talk",
        "--idle",
        "20",
        "--noisy",
    )
    assert typed("write", file, *flags).returncode == 0
    assert read(file.read_text()) == {
        "TUTOR_KIOSK__HOURS": hours,
        "TUTOR_KIOSK__VOLUME": "0.5",
        "TUTOR_KIOSK__LANGUAGE": "en",
        "TUTOR_KIOSK__MODE": "push",
        "TUTOR_KIOSK__NOISY": "true",
        "TUTOR_KIOSK__IDLE_S": "20",
    }
    with serving(**read(file.read_text())) as served:
        standing = httpx.get(f"{served.url}/v1/kiosk").json()
    told = (standing["volume"], standing["language"], standing["mode"], standing["noisy"], standing["idle_s"])
    assert told == (0.5, "en", "push", True, 20)


def test_other_lines_stay_and_a_value_is_changed_where_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.env"
    file.write_text("# of the museum\nTUTOR_PROFILE=embedded\nTUTOR_KIOSK__VOLUME=0.4\nOTHER='a b'\n")
    file.chmod(0o640)
    assert typed("write", file, "--volume", "0.6", "--no-noisy").returncode == 0
    assert file.read_text() == (
        "# of the museum\nTUTOR_PROFILE=embedded\nTUTOR_KIOSK__VOLUME=0.6\nOTHER='a b'\n"
        "TUTOR_KIOSK__NOISY=false\n"
    )
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--hours", "nine to five"), "TUTOR_KIOSK__HOURS: 'nine to five' is no opening time"),
        (("--volume", "3"), "TUTOR_KIOSK__VOLUME: Input should be less than or equal to 1"),
        (("--language", "fr"), "language 'fr' is none of the languages to choose from (en, es)"),
        (("--languages", "en,es,fr"), "TUTOR_KIOSK__LANGUAGES: the page has no 'fr'"),
        (("--lesson", "tea"), "TUTOR_KIOSK__LESSON: there is no lesson 'tea'"),
        (("--public-url", 'https://a.example/"'), "holds a sign that such a file cannot hold"),
    ],
)
def test_what_no_server_would_start_with_is_not_written(
    tmp_path: Path, flags: tuple[str, str], said: str
) -> None:
    file = tmp_path / "kiosk.env"
    file.write_text("TUTOR_KIOSK__VOLUME=0.4\n")
    done = typed("write", file, *flags)
    assert done.returncode == 1
    assert said in done.stderr
    assert file.read_text() == "TUTOR_KIOSK__VOLUME=0.4\n"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = typed("write", tmp_path / "none" / "kiosk.env", "--volume", "1")
    assert done.returncode == 1
    assert "cannot write" in done.stderr


def test_a_file_is_read_as_systemd_reads_it() -> None:
    text = "\n# note\n; note\nA=1\nB='a b'\nC=\"x, y\"\nD=\nA=2\n"
    assert read(text) == {"A": "2", "B": "a b", "C": "x, y", "D": ""}
    for wrong, number in (("A=1\nnonsense", 2), ("A='open", 1)):
        with pytest.raises(Exception, match=f"line {number}"):
            read(wrong)
    assert changed("A=1\nA=2\nB=3", {"A": "4", "C": "5 6"}) == 'A=4\nB=3\nC="5 6"\n'
    assert unknown(["TUTOR_KIOSK__VOLUME", "TUTOR_KIOSC__VOLUME", "TUTOR_PROFIL", "HF_HOME"]) == [
        "TUTOR_KIOSC__VOLUME",
        "TUTOR_PROFIL",
    ]


# the server


def test_orders_and_health_by_the_command(server: Served) -> None:
    to = ("--url", server.url)
    before = httpx.get(f"{server.url}/v1/kiosk", headers=STAFF).json()
    assert typed("quiet", "on", *to, "--key", KEY).returncode == 0
    assert typed("reload", *to, TUTOR_API_KEY=KEY).returncode == 0
    after = httpx.get(f"{server.url}/v1/kiosk", headers=STAFF).json()
    assert (before["quiet"], after["quiet"]) == (False, True)
    assert before["epoch"] != after["epoch"]
    refused = typed("quiet", "off", *to, "--key", "guessed")
    assert (refused.returncode, "a valid API key is needed" in refused.stderr) == (1, True)
    beat = {"state": "attract", "visitors": 3, "problem": ""}
    httpx.post(f"{server.url}/v1/kiosk", json=beat, headers=STAFF).raise_for_status()
    well = typed("health", *to)
    assert (well.returncode, well.stdout.split(" seen=")[0]) == (0, "OK page=attract")
    httpx.post(f"{server.url}/v1/kiosk", json={**beat, "problem": "no microphone"}, headers=STAFF)
    ill = typed("health", *to)
    assert (ill.returncode, ill.stdout) == (1, "PROBLEM told by the page (attract): no microphone\n")


def test_a_server_that_is_not_there_is_a_problem() -> None:
    done = typed("health", "--url", NOBODY)
    assert (done.returncode, done.stdout.startswith("PROBLEM no answer from")) == (1, True)
    for order in (("reload",), ("quiet", "on")):
        assert "no answer" in typed(*order, "--url", NOBODY).stderr


def test_the_check_tells_a_file_that_is_not_in_force(server: Served, tmp_path: Path) -> None:
    file = tmp_path / "kiosk.env"
    file.write_text("TUTOR_KIOSK__VOLUME=0.7\nTUTOR_KIOSC__IDLE_S=3\n")
    done = typed("check", file, "--url", server.url, "--key", KEY)
    assert done.returncode == 1
    assert "TUTOR_KIOSC__IDLE_S is no setting" in done.stdout
    assert "the server runs with another volume" in done.stdout
    assert "ready at" in done.stdout
    file.write_text("TUTOR_KIOSK__VOLUME=0.5\n")
    assert (
        "the server runs with these settings"
        in typed("check", file, "--url", server.url, "--key", KEY).stdout
    )
