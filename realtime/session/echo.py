"""The tutor's own voice in the learner's microphone, told from the learner's.

What is being played is known. In each of BANDS frequency bands the microphone's loudness is compared with
what was played up to half a second earlier: the delay and the loudness of the echo are learnt as the talk
goes, and what is louder than the echo can be is somebody else. A client that cancels its echo leaves none.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from math import isfinite, log10

import numpy as np
from numpy.typing import NDArray

from realtime.engines.protocols import SAMPLE_RATE, VOICE_RATE, Samples
from realtime.session.silero import WINDOW
from realtime.session.steady import Steady
from realtime.talk.moves import WINDOW_MS, Activity

HOP = WINDOW // 2
VOICE_HOP = HOP * VOICE_RATE // SAMPLE_RATE
HOP_BYTES = VOICE_HOP * 2
HOP_MS = HOP * 1000 / SAMPLE_RATE
BANDS = 24
LAGS = range(-2, 32)  # hops by which the microphone may be behind the playhead
NEAR = 3  # hops by which the playhead may be told wrongly
ROOM_S = 0.4  # in which a sound of a usual room falls by 60 dB
STAYS = 10 ** (-6 * HOP_MS / 1000 / ROOM_S)  # of its power, a hop
FORGET = 0.98  # of how loud the echo is, a window
FORGET_LAG = 0.95  # of how late it is: a client's buffers change it at once
BELIEF = 12.0  # windows' worth: a talk begins with the belief that there is an echo as loud as the tutor
LOUDER = 2.0  # times the power of the echo expected: what is above is somebody's
SHARE = 0.2  # of a window's power that must be somebody's
NOISE = 3.0  # times the power of the quietest that was heard
NOISE_RISE = 1.01
DUCKED = 0.15  # power of a ducked tutor: the page lowers it to 0.04
DUCKING_MS = 300  # until a ducked tutor is heard ducked
TAIL_MS = 700  # the echo's end after the end of what was played
KEPT_MS = 1_400
MOST_UNSEEN = 250  # hops: four seconds
AT_ONCE = 64  # hops that are seen, and whose fading is worked out, together
STEPS_BACK = 8  # hops by which a position may turn out to be earlier
HIGH_HZ = 3_000
HISS = 0.75  # of a window's power that must be higher than that
LOUD = 32768**2 * 10**-4.5  # -45 dBFS: what is louder may be how a word begins,
ABOVE = 10.0  # if it has so many times the power of the quietest window
QUIET = 4  # of so many windows without speech one is learnt from
GLANCE = 40  # where only the room is heard: of so many one, which stands for all of them

Floats = NDArray[np.float32]


class Echo:
    """Times are milliseconds of sound sent since the session began; `now_ms` is the clock's."""

    def __init__(self) -> None:
        self._unseen = bytearray()  # sent, and not needed yet: many hops at once are cheaper
        self._frames = np.zeros((0, BANDS), np.float32)  # power a hop, with the room's tail
        self._first = 0  # the number of the first of them
        self._playhead = Steady()
        self._begun_lead_ms = np.inf
        self._sent_ms = 0.0
        self._ducked_at_ms = np.inf
        self._noise = np.full(BANDS, np.inf, np.float32)
        self._cross, self._played = np.zeros((2, len(LAGS), BANDS), np.float32)  # by lag and band
        self._likeness, self._before = np.zeros((2, len(LAGS), BANDS), np.float32)  # sooner forgotten
        self._heard = np.zeros(BANDS, np.float32)
        self._quiet = 0
        self._hissed = False  # the last window
        self._unheard = 0  # windows that the next one to be looked at stands for
        self._softest = np.inf  # the power of the quietest window

    @property
    def sent_ms(self) -> float:
        return self._sent_ms

    @property
    def kept_ms(self) -> float:
        """How much of what was sent is remembered."""
        return (len(self._frames) + len(self._unseen) / HOP_BYTES) * HOP_MS

    def send(self, pcm: bytes) -> None:
        """More of what will be played: PCM16 at VOICE_RATE."""
        self._sent_ms += len(pcm) * 500 / VOICE_RATE
        self._unseen += pcm
        if self._unseen_hops > MOST_UNSEEN:
            self._see(self._first + len(self._frames), MOST_UNSEEN)

    def _see(self, hop: int, ahead: int = 0) -> None:
        """All up to that hop, and more while at it: many at once are cheaper."""
        missing = hop + 1 - self._first - len(self._frames)
        hops = min(missing + ahead, self._unseen_hops)
        if missing <= 0 or not hops:
            return
        halves = np.frombuffer(self._unseen[: (hops + 1) * HOP_BYTES], np.int16).reshape(-1, VOICE_HOP)
        del self._unseen[: hops * HOP_BYTES]
        power = _power(np.concatenate((halves[:-1], halves[1:]), axis=1))
        self._frames = np.concatenate((self._frames, in_room(power, self._frames[-1:])))

    @property
    def _unseen_hops(self) -> int:
        """A hop is seen with the one after it."""
        return max(0, len(self._unseen) // HOP_BYTES - 1)

    def begin(self, now_ms: float) -> None:
        """What is sent from now on is played at once, as long as no playhead tells otherwise."""
        self._playhead, self._hissed = Steady(), False
        self._begun_lead_ms = self._sent_ms - now_ms
        self._forget_before(self._sent_ms - KEPT_MS)

    def playhead(self, position_ms: float, now_ms: float) -> None:
        """So much of what was sent has been played now."""
        self._playhead.tell(position_ms, now_ms)
        self._forget_before(position_ms - KEPT_MS)

    def _forget_before(self, position_ms: float) -> None:
        old = max(0, int(position_ms // HOP_MS) - self._first)
        seen = min(old, len(self._frames))
        unseen = min(old - seen, self._unseen_hops)
        self._frames = self._frames[seen:]
        del self._unseen[: unseen * HOP_BYTES]
        self._first += seen + unseen

    def cut(self, now_ms: float) -> None:
        """What has not been played by now never will be."""
        position_ms = min(self._position(now_ms), self._sent_ms)
        self._see(int(position_ms // HOP_MS))
        self._frames = self._frames[: max(0, int(position_ms // HOP_MS) - self._first)]
        self._sent_ms = (self._first + len(self._frames)) * HOP_MS
        self._unseen.clear()
        self.begin(now_ms)

    def duck(self, on: bool, now_ms: float) -> None:
        self._ducked_at_ms = now_ms if on else np.inf

    def audible(self, now_ms: float) -> bool:
        """Whether something that was played may still be in the microphone."""
        return self._position(now_ms) < self._sent_ms + TAIL_MS

    def others(self, windows: Samples, now_ms: float, speech: Sequence[bool]) -> list[Activity]:
        """What is not the tutor's. windows: int16 [n, 512]; `now_ms`: when the end of the first was heard;
        `speech`: in which of them somebody speaks."""
        loud = self._learn_room(windows) > max(LOUD, ABOVE * self._softest)
        looked_at = list(self._look_at(speech, loud))
        others: list[Activity] = ["silence"] * len(speech)
        if looked_at:
            powers = _power(windows[looked_at])
            for number, power in zip(looked_at, powers, strict=True):
                at_ms = now_ms + number * WINDOW_MS
                played = self._played_before(self._position(at_ms), AT_ONCE)
                share = self._weigh(power, played, at_ms)
                if share.sum() > SHARE and (speech[number] or loud[number]):
                    hissed = others[number - 1] == "hiss" if number else self._hissed
                    others[number] = _activity(share, speech=speech[number], hissed=hissed)
        self._hissed = others[-1] == "hiss"
        return others

    def unheard(self, windows: Samples, now_ms: float) -> None:
        """Only the room is in these, whatever is played: `others` of a microphone that the tutor hardly gets
        into, for far less. Now and then a window stands for all those since the last one."""
        self._learn_room(windows[-1:])
        self._hissed = False
        self._unheard += len(windows)
        if self._unheard >= GLANCE or not self._heard.any():
            at_ms = now_ms + (len(windows) - 1) * WINDOW_MS
            position_ms = self._position(at_ms)
            self._forget_before(position_ms - (len(LAGS) + STEPS_BACK) * HOP_MS)
            played, stands_for = self._played_before(position_ms), self._unheard / QUIET
            self._weigh(_power(windows[-1:])[0], played, at_ms, stands_for)
            self._unheard = 0

    def _learn_room(self, windows: Samples) -> Floats:
        """The power of each window: its variance, since some microphones add a constant."""
        power = windows.astype(np.float32).var(axis=1)
        self._softest = min(self._softest * NOISE_RISE ** len(power), float(power.min()))
        return power

    def _look_at(self, speech: Sequence[bool], loud: NDArray[np.bool_]) -> Iterator[int]:
        """The windows that are looked at: all with speech or as loud, and some of the others."""
        for number, spoken in enumerate(speech):
            self._quiet = 0 if spoken or loud[number] else self._quiet + 1
            if self._quiet % QUIET == 0:
                yield number

    def _weigh(self, power: Floats, played: Floats, now_ms: float, stands_for: float = 1) -> Floats:
        """[BANDS]: the share of the window's power that no echo explains; then the window is learnt from, as
        if it were so many. power: [BANDS]; played: [LAGS, BANDS], a power, too."""
        self._noise = np.minimum(power, self._noise * NOISE_RISE**stands_for)
        amplitude, loudness = np.sqrt(power), np.sqrt(played)
        if not self._heard.any():
            self._believe(np.maximum(played.max(0), power))
        lag = int((self._likeness / np.sqrt(self._before * self._heard + 1)).sum(1).argmax())
        near = slice(max(0, lag - NEAR), lag + NEAR + 1)
        gain = self._cross[near] / (self._played[near] + 1)
        echo = ((gain * loudness[near]).max(0)) ** 2
        if now_ms - self._ducked_at_ms > DUCKING_MS:
            echo *= DUCKED
        above = np.maximum(power - NOISE * self._noise, 0)
        beyond = np.maximum(above - LOUDER * echo, 0)
        share = beyond / max(above.sum(), 1)
        self._learn_lag(power, played, amplitude * loudness, stands_for)
        if self._ducked_at_ms == np.inf:
            most = np.minimum(amplitude, 1.5 * np.sqrt(echo) + np.sqrt(self._noise))
            self._learn_loudness(played, most * loudness, stands_for)
        return share

    def _believe(self, loud: Floats) -> None:
        """Before anything is known: the echo is as loud as the tutor, and may come after any delay."""
        self._heard = BELIEF * loud
        for learnt in (self._cross, self._played, self._likeness, self._before):
            learnt[:] = self._heard

    def _learn_lag(self, power: Floats, played: Floats, product: Floats, windows: float) -> None:
        """product: of the amplitudes of the two."""
        kept, new = _weights(FORGET_LAG, windows)
        self._likeness = kept * self._likeness + new * product
        self._before = kept * self._before + new * played
        self._heard = kept * self._heard + new * power

    def _learn_loudness(self, played: Floats, product: Floats, windows: float) -> None:
        """product: of no more than an echo can have; what is louder is somebody's, and teaches nothing."""
        kept, new = _weights(FORGET, windows)
        self._cross = kept * self._cross + new * product
        self._played = kept * self._played + new * played

    def _position(self, now_ms: float) -> float:
        lead_ms = self._playhead.lead_ms
        return now_ms + (lead_ms if isfinite(lead_ms) else self._begun_lead_ms)

    def _played_before(self, position_ms: float, ahead: int = 0) -> Floats:
        """[LAGS, BANDS]: what was played by each lag before; nothing where there was nothing. After its end a
        sound stays in the room for a while. `ahead`: hops that are seen in advance."""
        self._see(int(position_ms // HOP_MS) - 2 - LAGS[0], ahead)
        newest = int(position_ms // HOP_MS) - self._first - 2 - LAGS[0]
        last, oldest = len(self._frames) - 1, newest - len(LAGS) + 1
        if oldest >= 0 and newest <= last:
            return self._frames[oldest : newest + 1][::-1]
        numbers = newest - np.arange(len(LAGS))
        played = np.zeros((len(LAGS), BANDS), np.float32)
        there = numbers >= 0
        if last >= 0:
            played[there] = self._frames[np.minimum(numbers[there], last)]
            played[there] *= (STAYS ** np.maximum(numbers[there] - last, 0))[:, None]
        return played


def _activity(share: Floats, *, speech: bool, hissed: bool) -> Activity:
    """A hiss that goes on is no speech yet, whatever voice activity says: it may be a cough."""
    if (hissed or not speech) and share[_high() :].sum() > HISS * share.sum():
        return "hiss"
    return "speech" if speech else "sound"


@cache
def _high() -> int:
    """The first band that is that high."""
    return int(np.searchsorted(_mels()[1:-1], _mel(HIGH_HZ)))


def _weights(forget: float, windows: float) -> tuple[float, float]:
    """Of what was known, and of a window that stands for so many."""
    kept = forget**windows
    return kept, (1 - kept) / (1 - forget)


def _power(windows: Samples) -> Floats:
    """int16 [n, 512] at 16 kHz, or [n, 768] at 24 kHz -> [n, BANDS]. Either is 32 ms: the frequencies are the
    same."""
    size = windows.shape[1]
    spectrum = np.fft.rfft(windows * _hann(size))[:, : WINDOW // 2 + 1]
    power = (spectrum.real**2 + spectrum.imag**2) @ _bank() * (WINDOW / size) ** 2
    return power.astype(np.float32, copy=False)


def in_room(power: Floats, before: Floats) -> Floats:
    """A sound stays in a room for a while, falling. power: [n, BANDS], before: [0 or 1, BANDS]."""
    for at in range(0, len(power), AT_ONCE):
        part = power[at : at + AT_ONCE]
        fading = _fading()[: len(part) + 1, : len(part) + 1]
        last = power[at - 1 : at] if at else before if len(before) else np.zeros((1, BANDS), np.float32)
        part[:] = (fading @ np.concatenate((last, part)))[1:]
    return power


@cache
def _fading() -> Floats:
    """[AT_ONCE + 1, AT_ONCE + 1]: what is left in each hop (row) of the power of those before."""
    passed = np.subtract.outer(np.arange(AT_ONCE + 1), np.arange(AT_ONCE + 1))
    return np.where(passed >= 0, STAYS ** np.maximum(passed, 0), 0).astype(np.float32)


@cache
def _hann(size: int) -> Floats:
    return np.hanning(size).astype(np.float32)


def _mel(hz: float) -> float:
    return 2595 * log10(1 + hz / 700)


@cache
def _mels() -> NDArray[np.float64]:
    """[BANDS + 2]: where each band has its top, and where the first begins and the last ends."""
    return np.linspace(_mel(100), _mel(7500), BANDS + 2)


@cache
def _bank() -> Floats:
    """[257, BANDS]: triangles from 100 Hz to 7.5 kHz, even on the mel scale."""
    mels = np.array([_mel(hz) for hz in np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)])
    steps = _mels()
    rising = (mels[:, None] - steps[:-2]) / (steps[1:-1] - steps[:-2])
    falling = (steps[2:] - mels[:, None]) / (steps[2:] - steps[1:-1])
    return np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)
