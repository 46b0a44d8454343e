"""`tutor talk` with a recording: the whole talk from a terminal, over the public protocol."""

import subprocess
import sys
import wave
from pathlib import Path

import httpx

from tests.edges.talker import RIGHT
from tests.serving import Served


def talk(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "realtime", "talk", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_recording_is_answered(server: Served, tmp_path: Path) -> None:
    body = {"model": "espeak-ng", "input": RIGHT, "voice": "en-us", "response_format": "wav"}
    spoken = httpx.post(f"{server.speech_url}/v1/audio/speech", json=body, timeout=30).raise_for_status()
    question, answer = tmp_path / "question.wav", tmp_path / "answer.wav"
    question.write_bytes(spoken.content)
    done = talk(
        "--url", server.talk_url, "--lesson", "greetings", "--wav", str(question), "--out", str(answer)
    )
    assert done.returncode == 0, done.stderr
    said = [line.split("|", 1) for line in done.stdout.replace("\033[K", "").replace("\r", "\n").splitlines()]
    lines = [(who.strip(), what.strip()) for who, what in (line for line in said if len(line) == 2)]
    assert any(who == "you" and "fine" in what for who, what in lines)
    assert any(who == "Atom" for who, _ in lines)
    [latency] = [what for who, what in lines if who == "latency"]
    assert latency.endswith("(ms after the end of speech)")
    assert latency.index("transcript") < latency.index("endpoint") < latency.index("first_audio_played")
    with wave.open(str(answer)) as file:
        assert file.getnframes() > file.getframerate()


def test_what_is_wrong_is_said(server: Served, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.wav"
    nothing.write_bytes(b"no recording")
    broken = talk("--url", server.talk_url, "--wav", str(nothing))
    assert broken.returncode == 1
    assert "no recording" in broken.stderr
    away = talk("--url", "ws://127.0.0.1:9/v1/realtime", "--wav", "tests/data/librivox-amiable.wav")
    assert away.returncode == 1
    assert "tutor serve" in away.stderr
    assert "Traceback" not in broken.stderr + away.stderr
