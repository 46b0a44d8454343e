"""What learners say: where it is broken off, and whose recordings it is."""

from pathlib import Path

import numpy as np
import pytest

from realtime.bench.microphone import FRAME, ROOM_DBFS, Microphone
from realtime.bench.speech import broken, coughed, places, recorded, trimmed
from realtime.engines.protocols import VOICE_RATE, Samples
from realtime.errors import SettingsError
from realtime.terminal import write_wav

MS = VOICE_RATE // 1000


def tone(ms: int, size: int = 8000) -> Samples:
    return (np.sin(np.arange(ms * MS) * 0.1) * size).astype(np.int16)


def quiet(ms: int) -> Samples:
    return np.zeros(ms * MS, np.int16)


SENTENCE = np.concatenate((tone(600), quiet(100), tone(600), quiet(200), tone(600)))


def test_trimming_leaves_the_first_and_the_last_sample_of_speech() -> None:
    speech = np.full(1000, 5000, np.int16)
    around = np.concatenate((np.full(300, 40, np.int16), speech, np.full(500, -40, np.int16)))
    assert np.array_equal(trimmed(around), speech)
    assert len(trimmed(quiet(100))) == 0


def test_a_sentence_breaks_where_it_is_quiet_longest() -> None:
    assert places(SENTENCE, 1) == [(1300 * MS, 1500 * MS)]
    assert places(SENTENCE, 2) == [(600 * MS, 700 * MS), (1300 * MS, 1500 * MS)]


def test_a_sentence_without_silence_breaks_at_its_quietest_moment() -> None:
    sound = np.concatenate((tone(800), tone(20, 2000), tone(800)))
    assert places(sound, 1) == [(800 * MS, 800 * MS)]


def test_silence_at_the_ends_is_no_place_to_break() -> None:
    sound = np.concatenate((tone(60), quiet(300), tone(1000), quiet(60), tone(1000)))
    assert places(sound, 1) == [(1360 * MS, 1420 * MS)]


def test_two_breaks_are_apart() -> None:
    first, second = places(np.concatenate((tone(500), tone(40, 10), tone(40), tone(40, 10), tone(900))), 2)
    assert second[0] - first[1] >= 300 * MS


def test_a_pause_has_its_length_whatever_silence_was_there() -> None:
    saying = broken(SENTENCE, (700, 1200))
    (first, after_first), (second, after_second) = saying.gaps
    assert (first, after_first - first) == (600 * MS, 700 * MS)
    assert (second - after_first, after_second - second) == (600 * MS, 1200 * MS)
    assert not saying.sound[first:after_first].any()
    assert not saying.sound[second:after_second].any()
    assert len(saying.sound) == 1800 * MS + 1900 * MS


def test_without_pauses_it_is_said_as_it_is() -> None:
    assert np.array_equal(broken(SENTENCE, ()).sound, SENTENCE)


def test_what_is_too_short_to_pause_in_is_refused() -> None:
    with pytest.raises(SettingsError, match="too short"):
        broken(tone(200), (400, 400))


def test_recordings_are_told_by_their_names(tmp_path: Path) -> None:
    for name, ms in (("one", 1000), ("Two", 1200), ("interruption-1", 900), ("backchannel", 300)):
        write_wav(tmp_path / f"{name}.wav", np.concatenate((quiet(200), tone(ms))).tobytes())
    told = recorded(tmp_path)
    assert sorted(len(line) // MS for line in told.lines) == [999, 1199]
    assert [len(sound) // MS for sound in told.interruptions] == [899]
    assert told.backchannel is not None
    assert np.array_equal(told.cough, coughed())


def test_without_their_own_recordings_interruptions_are_sentences_and_nothing_is_murmured(
    tmp_path: Path,
) -> None:
    write_wav(tmp_path / "one.wav", tone(1000).tobytes())
    told = recorded(tmp_path)
    assert told.interruptions == told.lines
    assert told.backchannel is None


@pytest.mark.parametrize("content", [None, b"nonsense", quiet(500).tobytes()])
def test_a_folder_without_speech_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content == b"nonsense":
        (tmp_path / "one.wav").write_bytes(content)
    elif content:
        write_wav(tmp_path / "one.wav", content)
    with pytest.raises(SettingsError):
        recorded(tmp_path)


# the microphone


def test_a_room_is_never_silent() -> None:
    microphone = Microphone(1)
    room = np.frombuffer(b"".join(microphone.frame() for _ in range(600)), np.int16).astype(np.float64)
    level_db = 20 * np.log10(np.sqrt(np.mean(room**2)) / 32768)
    assert level_db == pytest.approx(ROOM_DBFS, abs=0.2)
    assert all(frame.any() for frame in room.reshape(-1, FRAME))


def test_what_is_said_begins_with_the_sample_that_is_named() -> None:
    microphone, alone = Microphone(1), Microphone(1)
    heard = [microphone.frame()]
    start = microphone.say(np.full(FRAME + 7, 1000, np.int16))
    heard += [microphone.frame() for _ in range(3)]
    room = b"".join(alone.frame() for _ in range(4))
    said = np.frombuffer(b"".join(heard), np.int16) - np.frombuffer(room, np.int16)
    assert start == FRAME
    assert np.flatnonzero(said).tolist() == list(range(FRAME, 2 * FRAME + 7))
    assert set(said[FRAME : 2 * FRAME + 7]) == {1000}


def test_two_rooms_are_not_the_same() -> None:
    assert Microphone(1).frame() != Microphone(2).frame()
