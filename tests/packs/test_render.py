"""Rendering with a real voice: all lines, once, whole, and gone on with after a sudden end."""

import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime.packs import render as rendering
from realtime.packs.loudness import level_db, powers
from realtime.packs.pack import PackError, load
from realtime.tutor.lessons import load_lessons
from tests.packs.conftest import command, render


def _files(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in (folder / "clips").glob("*.opus")}


def _manifest(folder: Path) -> Any:
    return json.loads((folder / "manifest.json").read_text())


def test_every_line_is_there_with_its_words_and_was_understood(pack: Path, lessons: Path) -> None:
    held = load(pack)
    texts = rendering.texts(load_lessons(lessons).values())
    assert set(held.manifest.lines) == set(texts)
    assert "Hello!" in texts and "How many apples?" in texts
    assert "Can you say: My name is Ana." in texts
    for text in texts:
        clip = held.clip(text)
        assert clip and clip.heard is not None
        assert " ".join(word.word for word in clip.words) == text
        assert 0 <= clip.words[0].start_ms < clip.words[-1].end_ms <= clip.samples / 24 + 1


def test_all_clips_are_equally_loud(pack: Path) -> None:
    held = load(pack)
    levels = [level_db(powers(held.sound(clip, 1))) for clip in held.manifest.lines.values()]
    assert len(levels) > 20 and None not in levels
    assert max(abs(level - held.manifest.level_db) for level in levels if level is not None) < 1.5


def test_a_render_that_was_killed_goes_on_where_it_was(
    tmp_path: Path, lessons: Path, speech_url: str
) -> None:
    folder = tmp_path / "pack"
    given = command(folder, lessons, speech_url, "--at-once", "2")
    with subprocess.Popen(given, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for _ in range(6):
            assert process.stdout.readline().startswith("[")
        process.send_signal(signal.SIGKILL)
    begun, made = _files(folder), _manifest(folder)["lines"]
    assert 6 <= len(made) < len(rendering.texts(load_lessons(lessons).values()))
    done = render(folder, lessons, speech_url)
    assert done.returncode == 0, done.stderr
    assert f"{len(made)} were there, 0 failed" in done.stdout
    kept = {clip["file"] for clip in made.values()}
    assert {name: _files(folder)[name] for name in kept} == {name: begun[name] for name in kept}
    assert not list(folder.rglob("*.part"))
    again = render(folder, lessons, speech_url)
    assert "\n0 lines made" in f"\n{again.stdout}"


def test_a_damaged_clip_is_refused_and_made_anew(
    tmp_path: Path, pack: Path, lessons: Path, speech_url: str
) -> None:
    folder = tmp_path / "pack"
    shutil.copytree(pack, folder)
    victim = folder / "clips" / _manifest(folder)["lines"]["Hello!"]["file"]
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    with pytest.raises(PackError, match=r"'Hello!' is missing or damaged; `tutor render`"):
        load(folder)
    done = render(folder, lessons, speech_url, "--voice", "en-gb")
    assert done.stdout.startswith("[") and "\n1 lines made" in done.stdout
    assert load(folder).clip("Hello!")


def test_a_folder_of_another_voice_is_left_alone(pack: Path, lessons: Path, speech_url: str) -> None:
    before = (pack / "manifest.json").read_bytes()
    done = render(pack, lessons, speech_url, "--voice", "en-us")
    assert done.returncode == 1
    assert "it is of espeak-ng's voice en-gb, not espeak-ng's en-us" in done.stderr
    assert (pack / "manifest.json").read_bytes() == before


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path, lessons: Path, speech_url: str) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    done = render(tmp_path, lessons, speech_url)
    assert done.returncode == 1 and "holds other things" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_lines_that_fail_are_reported_and_tried_again(tmp_path: Path, lessons: Path, speech_url: str) -> None:
    folder = tmp_path / "pack"
    done = render(folder, lessons, speech_url, "--check", "--word-errors", "-1")
    assert done.returncode == 1
    failed = (folder / "failed.txt").read_text().splitlines()
    assert len(failed) == len(rendering.texts(load_lessons(lessons).values()))
    assert all("it was heard as" in line for line in failed)
    assert render(folder, lessons, speech_url).returncode == 0
    assert not (folder / "failed.txt").exists()


def test_the_list_needs_no_server(lessons: Path) -> None:
    done = subprocess.run(
        [*command(lessons, lessons, "http://127.0.0.1:9/v1"), "--list"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == list(rendering.texts(load_lessons(lessons).values()))


def test_who_hears_a_pack_is_told_that_it_is_a_machine(pack: Path) -> None:
    readme = (pack / "README.md").read_text()
    assert "artificial" in readme and "en-gb" in readme and "espeak-ng" in readme and "licence" in readme


TONE = (6000 * np.sin(np.arange(24_000) / 10)).astype(np.int16)


@pytest.mark.parametrize(
    ("text", "sound", "heard", "wrong"),
    [
        ("Good morning!", TONE, None, None),
        ("Good morning!", TONE, "good morning", None),
        ("Good morning!", TONE, "food morning", "it was heard as 'food morning' (50% word errors)"),
        ("Good morning!", np.zeros(24_000, np.int16), None, "it is silent"),
        ("Good morning!", TONE[:3000], None, "0.1 s are too short for its text"),
        ("Good.", np.tile(TONE, 4), None, "4.0 s are too long for its text"),
    ],
)
def test_what_is_wrong_with_a_clip(text: str, sound: Any, heard: str | None, wrong: str | None) -> None:
    assert rendering.fault(text, sound, heard, 0.34) == wrong
