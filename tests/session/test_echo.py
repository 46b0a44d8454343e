"""The tutor does not hear itself, and hears the learner over itself: in rooms, with real voice activity."""

# pyright: reportMissingTypeStubs=false

from collections.abc import Callable

import numpy as np
import pytest
import soxr

from benchmarks.learners import VOICES, spoken
from benchmarks.turn_sounds import coughs
from realtime.engines.protocols import VOICE_RATE, Samples
from realtime.session.echo import BANDS, KEPT_MS, STAYS, Echo, in_room
from realtime.session.gather import QUIET_MS
from realtime.session.silero import WINDOW
from realtime.session.steady import Steady
from realtime.talk.moves import WINDOW_MS, Activity
from realtime.talk.turn import Policy
from tests.session.room import RATE, Room, Scene, human, tutor_says

LONG = (
    "Hello there, it is very nice to meet you today. We are going to talk about your weekend and about your "
    "family. What did you do on Saturday? I went to the market and bought some apples and a loaf of bread. "
    "Then I walked home in the rain, and my shoes got wet. Tell me about your best friend."
)
ROOMS = [Room(db, late_ms, seed) for seed, db in enumerate((0, -10, -20)) for late_ms in (40, 120, 250)]


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("voice", ["en-us", "en-gb", "en-us+f3"])
def test_the_tutor_does_not_interrupt_itself(room: Room, voice: str) -> None:
    scene = Scene(room, tutor_says(LONG, voice)).play()
    assert scene.cut_at_ms is None
    assert scene.ducks <= 1
    assert scene.taken_back == scene.ducks


@pytest.mark.parametrize("room", ROOMS)
def test_the_end_of_the_echo_is_the_tutors_too(room: Room) -> None:
    """A room sounds on when nothing is played any more: nobody has answered."""
    said = tutor_says(LONG)[: 10 * RATE]  # it breaks off within a word
    scene = Scene(room, said).play()
    after = [at for at in scene.heard_at_ms if at > len(said) * 1000 / RATE]
    assert len(after) * WINDOW_MS < Policy().onset_ms


def test_a_loudspeaker_that_falls_behind_is_followed() -> None:
    scene = Scene(Room(-10, 120, stalls_ms=60), tutor_says(LONG)).play()
    assert scene.cut_at_ms is None
    assert scene.ducks <= 1


def test_without_telling_the_echo_the_tutor_would_interrupt_itself() -> None:
    assert Scene(ROOMS[3], tutor_says(LONG), told=False).play().cut_at_ms is not None


@pytest.mark.parametrize("room", [Room(), *ROOMS])
@pytest.mark.parametrize("who", ["jfk", "librivox-amiable"])
def test_a_learner_is_heard_over_the_tutor(room: Room, who: str) -> None:
    onset_ms = 6_000
    scene = Scene(room, tutor_says(LONG), human(who), onset_ms).play()
    assert scene.ducked_at_ms is not None and scene.cut_at_ms is not None
    assert onset_ms < scene.ducked_at_ms < scene.cut_at_ms
    loud = room.echo_db == 0
    assert scene.cut_at_ms - onset_ms < (2_500 if loud else 1_200)


def test_nothing_is_audible_before_and_long_after_the_tutor_spoke() -> None:
    echo = Echo()
    assert not echo.audible(0)
    echo.begin(10_000)
    echo.send(bytes(48_000))
    assert echo.audible(10_500)
    assert echo.audible(11_500)
    assert not echo.audible(12_000)


def test_what_was_cut_is_not_waited_for() -> None:
    echo = Echo()
    echo.begin(0)
    echo.send(bytes(480_000))
    echo.cut(1_000)
    assert 900 <= echo.sent_ms <= 1_000
    assert not echo.audible(2_000)


def test_what_was_played_long_ago_is_forgotten() -> None:
    echo, minute = Echo(), np.zeros(24_000 * 60, np.int16).tobytes()
    echo.send(minute)
    echo.playhead(60_000, 60_000)
    assert echo.kept_ms < KEPT_MS + 100


def test_what_was_played_long_ago_is_forgotten_though_the_client_tells_no_playhead() -> None:
    echo, minute = Echo(), np.zeros(24_000 * 60, np.int16).tobytes()
    echo.send(minute)
    echo.begin(60_000)
    assert echo.kept_ms < KEPT_MS + 100


def test_a_position_that_is_told_late_now_and_then_is_steady() -> None:
    clock = Steady()
    for now_ms in range(0, 2_000, 100):
        late_ms = 80 if now_ms % 300 else 0
        clock.tell(now_ms - late_ms, now_ms)
        assert clock.lead_ms == 0


def test_a_position_that_stood_still_is_believed_after_a_while() -> None:
    clock = Steady()
    clock.tell(0, 0)
    for now_ms in range(1_000, 3_000, 100):
        clock.tell(now_ms - 400, now_ms)
    assert clock.lead_ms == -400


def test_a_sound_fades_in_a_room_hop_by_hop_however_many_come_at_once() -> None:
    power = np.random.default_rng(1).exponential(1e6, (200, BANDS)).astype(np.float32)
    expected, last = np.zeros_like(power), np.zeros(BANDS, np.float32)
    for at, sound in enumerate(power):
        expected[at] = last = sound + STAYS * last
    nothing = np.zeros((0, BANDS), np.float32)
    np.testing.assert_allclose(in_room(power.copy(), nothing), expected, rtol=1e-4)
    begun = in_room(power[:70].copy(), nothing)
    np.testing.assert_allclose(in_room(power[70:].copy(), begun[-1:]), expected[70:], rtol=1e-4)


def test_windows_are_told_apart_alike_whether_they_come_alone_or_together() -> None:
    tutor, learner = tutor_says(LONG)[: 6 * RATE], human("jfk")[: 4 * RATE]
    heard = Room(-10, 450).echo_of(tutor)[: 6 * RATE]
    heard[2 * RATE :] += learner
    windows = heard[: 187 * WINDOW].astype(np.int16).reshape(-1, WINDOW)
    speech = [number % 9 < 6 for number in range(len(windows))]

    def others(at_once: int) -> list[Activity]:
        echo = Echo()
        echo.begin(0)
        echo.send(soxr.resample(tutor, RATE, VOICE_RATE).astype(np.int16).tobytes())
        told: list[Activity] = []
        for at in range(0, len(windows), at_once):
            part = slice(at, at + at_once)
            echo.playhead((at + at_once) * WINDOW_MS, (at + at_once) * WINDOW_MS)
            told += echo.others(windows[part], (at + 1) * WINDOW_MS, speech[part])
        return told

    alone = others(1)
    assert {"speech", "sound", "silence"} == set(alone)
    assert others(7) == others(QUIET_MS // WINDOW_MS + 1) == alone


@pytest.fixture
def spoken_over() -> Callable[[int], int]:
    """How many windows of a soft learner are told from the tutor: first the loudspeaker is on for eight
    seconds, then headphones for so many."""
    tutor, soft = np.tile(tutor_says(LONG), 3)[: 40 * RATE], human("jfk", level=150)[: 3 * RATE]
    noise = np.random.default_rng(1).normal(0, 10, len(tutor))
    played = soxr.resample(tutor, RATE, VOICE_RATE).astype(np.int16).tobytes()

    def told(headphones_s: int) -> int:
        echo, on, off = Echo(), 8 * RATE, (8 + headphones_s) * RATE
        echo.begin(0)
        echo.send(played)
        heard = np.concatenate((ROOMS[0].echo_of(tutor)[:on], np.zeros(off - on), soft))
        windows = (heard + noise[: len(heard)]).astype(np.int16)[: len(heard) // WINDOW * WINDOW]
        count = 0
        for number, window in enumerate(windows.reshape(-1, 1, WINDOW)):
            now_ms = (number + 1) * WINDOW_MS
            if on <= number * WINDOW < off:
                echo.unheard(window, now_ms)
            else:
                count += echo.others(window, now_ms, [True]) == ["speech"] and number * WINDOW >= off
        return count

    return told


def test_a_microphone_that_hears_only_the_room_unlearns_the_echo(spoken_over: Callable[[int], int]) -> None:
    assert spoken_over(20) > 2 * spoken_over(0)


@pytest.mark.parametrize(("noise", "constant"), [(33, 2000), (250, 0), (600, 0)])
def test_a_steady_room_is_no_sound(noise: float, constant: float) -> None:
    echo, dice = Echo(), np.random.default_rng(1)
    echo.begin(0)
    echo.send(bytes(VOICE_RATE * 2 * 7))
    windows = dice.normal(constant, noise, (200, WINDOW)).astype(np.int16)
    heard = [
        echo.others(windows[at : at + 2], (at + 1) * WINDOW_MS, [False, False]) for at in range(0, 200, 2)
    ]
    assert all(activity == "silence" for pair in heard for activity in pair)


S, VOICE, THUMP = (4_000, 7_000), (200, 1_000), (100, 500)  # Hz


def sounds(*bands: tuple[int, int]) -> Samples:
    """A window of noise in each band, after half a second of the room; nothing is played."""
    dice, hertz = np.random.default_rng(1), np.fft.rfftfreq(WINDOW, 1 / RATE)
    room = dice.normal(0, 33, (16 + len(bands), WINDOW))
    for number, (low, high) in enumerate(bands, 16):
        spectrum = np.fft.rfft(dice.normal(0, 3000, WINDOW))
        room[number] += np.fft.irfft(np.where((hertz > low) & (hertz < high), spectrum, 0), WINDOW)
    return room.astype(np.int16)


@pytest.mark.parametrize("at_once", [1, 3, 16])
@pytest.mark.parametrize(
    ("bands", "speech", "told"),
    [
        ((S, S, VOICE), (False, True, True), ("hiss", "hiss", "speech")),  # "Stop"
        ((S, S, S), (False, True, True), ("hiss", "hiss", "hiss")),  # a cough that hisses to its end
        ((S, S, VOICE), (True, True, True), ("speech", "speech", "speech")),
        ((THUMP, THUMP, VOICE), (False, False, True), ("sound", "sound", "speech")),
    ],
)
def test_a_hiss_is_told_from_other_sounds(
    bands: tuple[tuple[int, int], ...], speech: tuple[bool, ...], told: tuple[Activity, ...], at_once: int
) -> None:
    echo, windows, voiced = Echo(), sounds(*bands), [False] * 16 + [*speech]
    echo.begin(0)
    echo.send(bytes(VOICE_RATE * 2))
    heard: list[Activity] = []
    for at in range(0, len(windows), at_once):
        part = slice(at, at + at_once)
        heard += echo.others(windows[part], (at + 1) * WINDOW_MS, voiced[part])
    assert tuple(heard[16:]) == told


@pytest.mark.parametrize(
    "between",
    [lambda echo, room: echo.unheard(room, 18 * WINDOW_MS), lambda echo, _: echo.begin(18 * WINDOW_MS)],
    ids=["the room alone", "another reply"],
)
def test_after_something_else_a_hiss_begins_anew(between: Callable[[Echo, Samples], None]) -> None:
    echo, windows = Echo(), sounds(S, S, S)
    echo.begin(0)
    echo.send(bytes(VOICE_RATE * 2))
    echo.others(windows[:17], WINDOW_MS, [False] * 17)
    between(echo, windows[:1])
    assert echo.others(windows[17:18], 19 * WINDOW_MS, [True]) == ["speech"]


def cut_at_ms(said: Samples, onset_ms: int, lead_ms: int = Policy().lead_ms) -> int | None:
    """Of a GA client without an echo, when that is known."""
    tutor, policy = tutor_says(LONG)[: onset_ms * RATE // 1000 + RATE], Policy(lead_ms=lead_ms)
    return Scene(Room(), tutor, said.astype(float), onset_ms, policy=policy).play().cut_at_ms


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("word", ["Stop.", "Sorry."])
def test_an_s_hurries_the_cut(word: str, voice: str) -> None:
    said = spoken(word, voice, 1)
    hurried, plain = cut_at_ms(said, 9_022), cut_at_ms(said, 9_022, lead_ms=0)
    assert hurried is not None and plain is not None
    assert hurried < plain


@pytest.mark.parametrize("onset_ms", range(6_000, 6_096, 8))
def test_a_cough_that_hisses_is_no_s(onset_ms: int) -> None:
    [cough] = [one for one in coughs(25) if one.name == "cough, 250 ms, 2000 to 10000 Hz"]
    assert cut_at_ms(soxr.resample(cough.pcm, 24_000, RATE), onset_ms) is None
