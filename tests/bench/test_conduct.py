"""A learner goes through the script, frame by frame, with a tutor who is made up here."""

import base64
from collections.abc import Callable

import numpy as np
import pytest

from realtime.bench.conduct import ANSWER_S, Conduct
from realtime.bench.diary import Diary
from realtime.bench.hearing import Hearing
from realtime.bench.microphone import FRAME, FRAME_MS, Microphone
from realtime.bench.script import Turn
from realtime.bench.speech import Repertoire, coughed
from realtime.engines.protocols import VOICE_RATE, Samples

SENTENCE = np.full(VOICE_RATE, 9000, np.int16)  # 1 s
INTERRUPTION = np.full(VOICE_RATE // 2, 7000, np.int16)
MURMUR = np.full(VOICE_RATE // 4, 3000, np.int16)
LOUD = 2000

Tutor = Callable[[Hearing, float, bool], None]  # the hearing, now, whether the learner is loud


class Answering:
    """Answers each end of speech after 300 ms, for so long; speech over it silences it if it `yields`."""

    def __init__(self, seconds: float, *, yields: bool = True) -> None:
        self.seconds = seconds
        self.yields = yields
        self.answers = 0
        self._heard = False
        self._quiet = 0

    def __call__(self, hearing: Hearing, now_s: float, loud: bool) -> None:
        if loud and not self._heard and self.yields:
            hearing.take({"type": "input_audio_buffer.speech_started", "item_id": "u"}, now_s)
        self._heard, self._quiet = self._heard or loud, 0 if loud else self._quiet + 1
        if self._heard and self._quiet * FRAME_MS == 300:
            self._heard, self.answers = False, self.answers + 1
            hearing.take({"type": "input_audio_buffer.committed", "item_id": f"u{self.answers}"}, now_s)
            self._answer(hearing, now_s)

    def _answer(self, hearing: Hearing, now_s: float) -> None:
        id = f"r{self.answers}"
        coded = base64.b64encode(np.full(round(VOICE_RATE * self.seconds), 1000, np.int16).tobytes()).decode()
        hearing.take({"type": "response.created", "response": {"id": id}}, now_s)
        delta = {"type": "response.output_audio.delta", "response_id": id, "item_id": id, "delta": coded}
        hearing.take(delta, now_s)
        hearing.take({"type": "response.done", "response": {"id": id, "status": "completed"}}, now_s)


def silent(_hearing: Hearing, _now_s: float, _loud: bool) -> None:
    """A tutor who never says a word."""


def repertoire(backchannel: Samples | None = MURMUR) -> Repertoire:
    return Repertoire((SENTENCE,), (INTERRUPTION,), backchannel, coughed())


def talk(turns: list[Turn], tutor: Tutor, said: Repertoire | None = None) -> Diary:
    """All of it, from second 100 on."""
    diary = Diary()
    hearing, microphone = Hearing(diary, tutor=False), Microphone(0)
    conduct = Conduct(turns, said or repertoire(), microphone, hearing, diary, 100.0)
    for number in range(10_000):
        now_s = 100.0 + number * FRAME_MS / 1000
        if not conduct.step(now_s):
            return diary
        frame = np.frombuffer(microphone.frame(), np.int16)
        assert len(frame) == FRAME
        tutor(hearing, now_s, bool(np.abs(frame).max() > LOUD))
    raise AssertionError("the talk does not end")


def test_a_learner_speaks_waits_for_the_answer_and_speaks_again() -> None:
    diary = talk([Turn(wait_ms=600), Turn(wait_ms=600)], Answering(2.0))
    first, second = diary.said
    assert (first.what, first.start_s) == ("line", pytest.approx(100.6, abs=0.03))
    assert first.end_s - first.start_s == pytest.approx(1.0)
    assert second.start_s - diary.replies[0].ends_s == pytest.approx(0.6, abs=0.05)
    assert not first.unanswered


def test_a_pause_is_where_the_diary_says() -> None:
    diary = talk([Turn(gaps_ms=(700,))], silent)
    (gap,) = diary.said[0].gaps
    assert (gap.ms, gap.end_s - gap.start_s) == (700, pytest.approx(0.7))
    assert diary.said[0].start_s < gap.start_s < gap.end_s < diary.said[0].end_s


def test_no_answer_is_waited_for_only_so_long() -> None:
    diary = talk([Turn(), Turn()], silent)
    first, second = diary.said
    assert first.unanswered
    assert second.unanswered
    assert second.start_s - first.end_s == pytest.approx(ANSWER_S, abs=0.05)


def test_an_interruption_comes_while_the_tutor_speaks() -> None:
    diary = talk([Turn(), Turn(over=True, wait_ms=900)], Answering(3.0))
    reply, said = diary.replies[0], diary.said[1]
    assert said.what == "interruption"
    assert said.over is reply
    assert reply.first_s is not None
    assert said.start_s - reply.first_s == pytest.approx(0.9, abs=0.03)
    assert said.end_s - said.start_s == pytest.approx(0.5)
    assert reply.cut_s == pytest.approx(said.start_s, abs=0.05)


def test_a_tutor_who_has_finished_cannot_be_interrupted() -> None:
    diary = talk([Turn(), Turn(over=True, wait_ms=900)], Answering(0.5))
    assert [said.what for said in diary.said] == ["line", "line"]
    assert diary.said[1].over is None


def test_the_answer_to_an_interruption_is_not_the_reply_that_was_interrupted() -> None:
    again = Turn(over=True, wait_ms=900)
    diary = talk([Turn(), again, again], Answering(6.0, yields=False))
    first, second = diary.said[1:]
    assert (first.over, second.over) == (diary.replies[0], diary.replies[1])
    assert not first.unanswered
    assert second.start_s - (diary.replies[1].first_s or 0) == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("murmur", ["backchannel", "cough"])
def test_a_murmur_comes_while_the_answer_plays(murmur: str) -> None:
    kind = "cough" if murmur == "cough" else "backchannel"
    diary = talk([Turn(murmur=kind), Turn()], Answering(3.0, yields=False))
    said = diary.said[1]
    assert (said.what, said.over) == (murmur, diary.replies[0])
    assert said.start_s - (diary.replies[0].first_s or 0) == pytest.approx(0.6, abs=0.03)


def test_who_has_no_murmur_utters_none() -> None:
    diary = talk([Turn(murmur="backchannel"), Turn()], Answering(3.0), repertoire(None))
    assert [said.what for said in diary.said] == ["line", "line"]
