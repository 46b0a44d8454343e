"""Render and self-test with Bark behind the speech server, on a process that speaks its messages."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from realtime.commands.render import loaded, started_with
from realtime.packs.pack import Manifest, load, write_manifest
from realtime.settings import Settings
from realtime.setup.trial import Health
from tests.edges.test_bark import jobs


def _tutor(folder: Path, factor: float, *flags: str) -> subprocess.CompletedProcess[str]:
    python = folder / "python"
    python.write_text(
        f'#!/bin/sh\nexec {sys.executable} -m tests.gpu.scripted_bark "{folder}/log" {factor}\n'
    )
    python.chmod(0o755)
    bark = {"TUTOR_PROFILE": "embedded", "TUTOR_BARK__MODEL": str(folder), "TUTOR_BARK__PYTHON": str(python)}
    return subprocess.run(
        [sys.executable, "-m", "realtime", *flags],
        env=os.environ | bark, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip


def test_a_bark_too_slow_for_talk_still_makes_a_pack_clip_by_clip(tmp_path: Path, lessons: Path) -> None:
    flags = ["--lessons", str(lessons), "--at-once", "9"]  # more than wait for its one slot
    done = _tutor(tmp_path, 3, "render", str(tmp_path / "pack"), *flags)
    assert done.returncode == 0, done.stdout + done.stderr
    manifest = load(tmp_path / "pack").manifest
    assert (manifest.model, manifest.voice) == ("bark-small", "v2/en_speaker_6")
    assert {job["mode"] for job in jobs(tmp_path)} == {"exact"}
    assert {job["voice"] for job in jobs(tmp_path)} == {"v2/en_speaker_6"}
    assert {job["text"] for job in jobs(tmp_path)} >= {"Hello!", "How many apples?"}
    clip = manifest.lines["How many apples?"]
    assert [word.word for word in clip.words] == ["How", "many", "apples?"]


def test_a_pack_of_one_bark_is_not_gone_on_with_by_another(tmp_path: Path, lessons: Path) -> None:
    pack = tmp_path / "pack"
    write_manifest(pack, Manifest(model="bark", voice="v2/en_speaker_6", level_db=-20, made_with="a test"))
    done = _tutor(tmp_path, 3, "render", str(pack), "--lessons", str(lessons))
    assert done.returncode == 1
    assert "it is of bark's voice v2/en_speaker_6, not bark-small's" in done.stderr
    asked = _tutor(tmp_path, 3, "render", str(pack), "--lessons", str(lessons), "--model", "bark")
    assert asked.returncode == 1
    assert "bark was asked for, and what is loaded is bark-small" in asked.stderr
    assert jobs(tmp_path) == []


def test_without_a_bark_that_starts_no_line_is_tried(tmp_path: Path, lessons: Path) -> None:
    done = _tutor(tmp_path, -1, "render", str(tmp_path / "pack"), "--lessons", str(lessons))
    assert done.returncode == 1
    assert "Bark does not start: what it says of itself is not what Bark says" in done.stderr
    assert not (tmp_path / "pack").exists()


@pytest.mark.parametrize(
    ("given", "model", "speaks"),
    [
        ({}, None, None),
        ({}, "bark-small", "bark-small"),
        ({}, "bark", "bark"),
        ({}, "espeak-ng", None),
        ({"bark": {"model": "bark"}}, "bark-small", "bark-small"),
        ({"bark": {"model": "bark"}}, None, "bark"),
        ({"bark": {"model": "/srv/bark"}}, "bark-small", Path("/srv/bark")),
        ({"bark": {"live": "never"}}, "bark-small", "bark-small"),
        ({"engines": {"speech_url": "http://s/v1"}}, "bark-small", None),
    ],
)
def test_the_model_that_is_asked_for_is_started(given: Any, model: str | None, speaks: Any) -> None:
    settings = started_with(Settings.model_validate(given), model)
    assert settings.bark.model == speaks
    assert speaks is None or settings.bark.live == "auto"


@pytest.mark.parametrize(
    ("name", "asked", "has", "named"),
    [
        ("bark", None, "bark-small", "bark-small"),
        ("bark-small", "bark-small", "bark-small", "bark-small"),
        ("bark-of-ours", "bark-of-ours", "bark-small", "bark-small"),
        ("bark", "bark", "", "bark"),  # a stock server says nothing of itself
        ("espeak-ng", None, "bark-small", "espeak-ng"),
    ],
)
def test_a_pack_names_what_made_it(name: str, asked: str | None, has: str, named: str) -> None:
    assert loaded(name, asked, Health(engines={"speech": has} if has else {})) == named


def test_what_was_misheard_is_said_again_with_another_seed(tmp_path: Path, lessons: Path) -> None:
    """A hum is none of the lines, whoever hums it."""
    flags = ["--lessons", str(lessons), "--check", "--word-errors", "-1"]
    seeds: list[list[int]] = []
    for _ in range(2):
        before = len(jobs(tmp_path))
        done = _tutor(tmp_path, 3, "render", str(tmp_path / "pack"), *flags)
        assert done.returncode == 1 and "Hello!" in (tmp_path / "pack" / "failed.txt").read_text()
        seeds.append([job["seed"] for job in jobs(tmp_path)[before:] if job["text"] == "Hello!"])
    (first, other), (first_again, other_again) = seeds
    assert first == first_again, "a line begins with the voice's own"
    assert len({first, first + 1, other, other_again}) == 4


def test_the_self_test_hears_both_of_its_modes(tmp_path: Path) -> None:
    done = _tutor(tmp_path, 0.5, "selftest", "--out", str(tmp_path / "report"))
    report = (tmp_path / "report" / "report.md").read_text()
    assert re.search(r"\| stream \| 20 of 20 \|", report) and re.search(r"\| exact \| 20 of 20 \|", report)
    assert len(list((tmp_path / "report").glob("*-stream.wav"))) == 20
    assert [job["mode"] for job in jobs(tmp_path)].count("exact") >= 20
    # A humming that says nothing is none of the sentences.
    assert done.returncode == 1
    assert re.search(r"failed\s+recognition\s+(stream|exact): \d+% word errors", done.stdout)
    assert str(tmp_path) not in report
