"""A real talk over a real gateway with a pack, whose speech engine is down; and with one that works."""

import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest

from realtime.engines.protocols import VOICE_RATE
from realtime.packs import loudness
from realtime.packs.pack import Pack, PackedClip, load
from tests.clients.stage import scripted_engines
from tests.edges.talker import Talker, is_sound, silence, talking
from tests.serving import serving

RIGHT = "my name is Ana"


def _pcm(talker: Talker) -> bytes:
    return b"".join(message for message in talker.log if isinstance(message, bytes))


async def _opening(talker: Talker) -> str:
    await talker.send({"type": "response.create"})
    done = (await talker.until("response.done"))["response"]
    assert done["status"] == "completed", done["status_details"]
    return done["output"][0]["content"][0]["transcript"]


async def test_a_lesson_is_spoken_from_the_pack_while_the_voice_is_down(
    pack: Path, lessons: Path, speech_url: str
) -> None:
    held = load(pack)
    with scripted_engines("--speech-fault", "refuse") as broken:
        flags = ["--speech-url", broken, "--transcription-url", speech_url, "--lessons", str(lessons)]
        with serving(*flags, "--voice-pack", str(pack), "--lesson", "fruit") as served:
            async with talking(served) as talker:
                assert await _opening(talker) == "Welcome to the market! What's your name?"
                first, second = (held.clip(text) for text in ("Welcome to the market!", "What's your name?"))
                assert first and second
                heard = _pcm(talker)
                assert 0 <= heard.find(_middle(held, first)) < heard.find(_middle(held, second))
                captions = [m for m in talker.log if isinstance(m, dict) and m["type"] == "tutor.caption"]
                assert [word["text"] for word in captions[0]["words"]] == ["Welcome", "to", "the", "market!"]
                assert captions[0]["words"][-1]["end_ms"] == first.words[-1].end_ms
                del talker.log[:]
                await talker.hear(silence(300) + await _learner(speech_url) + silence(900))
                done = (await talker.until("response.done"))["response"]
                # The name that it has just heard is in no pack, and there is no voice to say it.
                assert done["status"] == "failed"
                assert done["status_details"]["error"]["code"] == "engine_refused"
                good = held.clip("Good.")
                assert good and _middle(held, good) in _pcm(talker)
        async with httpx.AsyncClient() as client:
            counts = (await client.get(f"{broken.removesuffix('/v1')}/script")).json()["counts"]
        assert counts["spoken"] == 1


def _middle(held: Pack, clip: PackedClip) -> bytes:
    """Without its edges, which are made to fit what is said before and after."""
    sound = held.sound(clip, 1)
    return sound[VOICE_RATE // 20 : -VOICE_RATE // 2].tobytes()


async def _learner(speech_url: str) -> bytes:
    body = {"model": "espeak-ng", "input": RIGHT, "voice": "en-us", "response_format": "pcm"}
    async with httpx.AsyncClient(timeout=20) as client:
        return (await client.post(f"{speech_url}/audio/speech", json=body)).content


async def test_what_the_engine_adds_is_as_loud_as_the_pack(
    pack: Path, lessons: Path, speech_url: str
) -> None:
    """The learner's name is said by the engine, in its own voice, between two clips of the pack."""
    flags = ["--speech-url", speech_url, "--lessons", str(lessons), "--voice-pack", str(pack)]
    with serving(*flags, "--lesson", "fruit", TUTOR_ENGINES__VOICE="en-us+f3") as served:
        async with talking(served) as talker:
            await _opening(talker)
            del talker.log[:]
            await talker.hear(silence(300) + await _learner(speech_url) + silence(900))
            done = (await talker.until("response.done"))["response"]
            clips = _clips(talker)
    assert done["status"] == "completed"
    assert list(clips) == ["Good.", "Hello, Ana!", "How many apples?"]
    levels = [loudness.level_db(loudness.powers(np.frombuffer(clip, np.int16))) for clip in clips.values()]
    assert None not in levels
    assert max(levels) - min(levels) < 1.5  # type: ignore[type-var, operator]


def _clips(talker: Talker) -> dict[str, bytes]:
    clips: dict[str, bytes] = {}
    text = ""
    for message in talker.log:
        if isinstance(message, bytes):
            clips[text] += message
        elif message["type"] == "tutor.clip":
            text = message["text"]
            clips[text] = b""
    return clips


async def test_another_voice_is_the_engines(pack: Path, lessons: Path, speech_url: str) -> None:
    flags = ["--speech-url", speech_url, "--lessons", str(lessons), "--voice-pack", str(pack)]
    with serving(*flags, "--lesson", "fruit") as served:
        async with talking(served) as talker:
            session = {"type": "realtime", "audio": {"output": {"voice": "en-us"}}}
            await talker.send({"type": "session.update", "session": session})
            await talker.until("session.updated")
            await _opening(talker)
            own = load(pack)
            clip = own.clip("Welcome to the market!")
            assert clip and not _pcm(talker).startswith(own.sound(clip, 1).tobytes()[:4800])
            assert any(is_sound(message) for message in talker.log)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("manifest", "manifest.json is not one of this version"),
        ("missing", "manifest.json cannot be read"),
        ("clip", "the clip of 'Hello!' is missing or damaged"),
    ],
)
def test_a_broken_pack_is_said_at_the_start(tmp_path: Path, pack: Path, broken: str, said: str) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(pack, folder)
    if broken == "manifest":
        (folder / "manifest.json").write_text('{"format": 2}')
    elif broken == "missing":
        (folder / "manifest.json").unlink()
    else:
        clip = load(folder).clip("Hello!")
        assert clip
        (folder / "clips" / clip.file).unlink()
    done = subprocess.run(
        [sys.executable, "-m", "realtime", "serve", "--port", "0", "--voice-pack", str(folder)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"tutor: the voice pack mine: {said}" in done.stderr
