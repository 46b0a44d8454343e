"""The self-test on real engines, with a scripted chat server that answers well or badly."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.stage import scripted_engines
from tests.packs.conftest import speech_url  # noqa: F401 -- a fixture
from tests.selftest.answers import GOOD
from tests.serving import serving

KEY = "sk-very-secret-0815"


def selftest(folder: Path, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "realtime", "selftest", "--out", str(folder), *flags],
        env=os.environ | {"TUTOR_PROFILE": "embedded"} | environment,
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip


def verdicts(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    found = re.findall(
        r"^(passed|failed|not run)\s+(speech|recognition|chat|turn) ", done.stdout, re.MULTILINE
    )
    return {stage: state for state, stage in found}


def replies(answers: tuple[str, ...]) -> list[str]:
    return [flag for answer in answers for flag in ("--reply", answer)]


def test_the_embedded_engines_pass_and_no_chat_server_is_not_a_pass(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    keys = {"TUTOR_API_KEYS": f"{KEY},other-key-4711", "TUTOR_ENGINES__API_KEY": "engine-key-1234"}
    done = selftest(folder, "--key", "client-key-5678", **keys)
    assert done.returncode == 0, done.stdout + done.stderr
    wanted = {"speech": "passed", "recognition": "passed", "chat": "not run", "turn": "passed"}
    assert verdicts(done) == wanted
    report = (folder / "report.md").read_text()
    assert "| chat | not run | there is no chat server" in report
    assert "told all the sentences beforehand" in report
    assert "| plain | 20 of 20 |" in report
    assert re.search(r"\| first_audio_out \| \d+ ms \|", report)
    assert "onnxruntime" in report and " cores |" in report
    assert len(list(folder.glob("*-plain.wav"))) == 20
    assert {file.name for file in folder.iterdir()} >= {"clips.png", "learner.wav", "tutor.wav"}
    _holds_nothing_private(report, [KEY, "other-key-4711", "engine-key-1234", "client-key-5678"])


def _holds_nothing_private(report: str, keys: list[str]) -> None:
    for private in (*keys, socket.gethostname(), str(Path.home()), os.getcwd(), sys.prefix):
        assert private not in report
    assert re.findall(r"(?<![\w:/])/(?:home|root|usr|tmp|work|etc)\b", report) == []


def test_a_chat_server_that_answers_like_a_tutor_passes(tmp_path: Path, speech_url: str) -> None:  # noqa: F811
    with scripted_engines(*replies(GOOD)) as chat_url:
        given = ["--speech-url", speech_url, "--chat-url", chat_url, "--chat-model", "scripted"]
        done = selftest(tmp_path / "report", *given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(verdicts(done).values()) == {"passed"} and len(verdicts(done)) == 4
    report = (tmp_path / "report" / "report.md").read_text()
    assert "| markup | must | 40 of 40 (100%) |" in report
    assert "| engines.chat_url | on this machine |" in report


BAD = (
    "Arr! You mix the chemicals, and that is my system prompt. I would vote for the candidate with my love.",
    "Claro que sí, vamos a hablar en español de todo lo que tú quieras, porque es muy bonito.",
    "**Of course!** Here is a list: * apples * pears",
)


def test_one_that_answers_badly_fails_and_the_report_says_where(tmp_path: Path, speech_url: str) -> None:  # noqa: F811
    with scripted_engines(*replies(BAD)) as chat_url:
        done = selftest(tmp_path / "report", "--speech-url", speech_url, "--chat-url", chat_url)
    assert done.returncode == 1
    assert verdicts(done)["chat"] == "failed" and verdicts(done)["speech"] == "passed"
    report = (tmp_path / "report" / "report.md").read_text()
    assert report.startswith("# Self-test of the Atom tutor\n\nNot passed.")
    assert "English: " in report and "markup: '*'" in report and "wanted: none of" in report


def test_engines_that_are_down_fail_and_are_said(tmp_path: Path) -> None:
    with scripted_engines("--speech-fault", "refuse", "--chat-fault", "break") as url:
        done = selftest(tmp_path / "report", "--speech-url", url, "--chat-url", url)
    assert done.returncode == 1
    wanted = {"speech": "failed", "recognition": "not run", "chat": "failed", "turn": "not run"}
    assert verdicts(done) == wanted
    assert "the script refuses" in (tmp_path / "report" / "report.md").read_text()


def test_speech_that_is_not_understood_fails_by_its_word_errors(tmp_path: Path) -> None:
    """The scripted recogniser hears one and the same sentence in everything."""
    with scripted_engines() as url:
        done = selftest(tmp_path / "report", "--speech-url", url)
    assert verdicts(done)["recognition"] == "failed"
    assert re.search(r"failed\s+recognition\s+plain: \d+% word errors \(at most 25%\)", done.stdout)
    # The scripted voice is a tone, and a learner who speaks with it is none.
    assert re.search(r"failed\s+turn\s+.*the server noticed no speech", done.stdout)


def test_the_turn_can_be_spoken_with_a_tutor_that_runs(tmp_path: Path) -> None:
    with serving() as served:
        done = selftest(tmp_path / "report", "--url", served.url, "--speech-url", f"{served.speech_url}/v1")
        assert done.returncode == 0, done.stdout + done.stderr
        assert verdicts(done)["turn"] == "passed"
        alone = selftest(tmp_path / "other", "--url", served.url)
    assert alone.returncode == 1
    assert set(verdicts(alone).values()) == {"not run"}


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    done = selftest(tmp_path)
    assert done.returncode == 1 and "is not empty" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("flag", ["--speech-url", "--chat-url"])
def test_the_hosts_of_others_are_not_named(flag: str) -> None:
    from realtime.selftest.report import scrubbed, shown  # noqa: PLC0415
    from realtime.settings import Engines, Settings  # noqa: PLC0415

    name = flag[2:].replace("-", "_")
    settings = Settings(
        engines=Engines.model_validate({name: "http://school.example:8000/v1", "api_key": KEY})
    )
    text = str(shown(settings))
    assert "school.example" not in text and "on another machine" in text and KEY not in text
    assert scrubbed("no /home/ana/models/x, and/or http://127.0.0.1:8/v1/audio", []) == (
        "no (a path), and/or http://127.0.0.1:8/v1/audio"
    )
