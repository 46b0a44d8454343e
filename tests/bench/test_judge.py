"""What a diary comes to."""

import pytest

from realtime.bench.diary import Diary, Gap, Hole, Reply, Said
from realtime.bench.judge import Findings, Tally, judge


def reply(first_s: float, ends_s: float, cut_s: float | None = None, id: str = "r") -> Reply:
    return Reply(id, "i", first_s, first_s + 0.05, ends_s, ends_s - first_s, done=True, cut_s=cut_s)


def line(start_s: float, end_s: float, *gaps: Gap) -> Said:
    return Said("line", start_s, end_s, gaps)


def judged(
    said: list[Said], replies: list[Reply], *ended_s: float, ducks_s: tuple[float, ...] = ()
) -> Findings:
    ended = {str(number): at_s for number, at_s in enumerate(ended_s)}
    return judge([Diary(len(said), said, replies, ended, list(ducks_s))])


def test_voice_to_voice_is_from_the_last_sample_to_the_first_audio() -> None:
    found = judged([line(1, 3), line(8, 9)], [reply(3.6, 6), reply(9.9, 11)], 3.5, 9.5)
    assert found.voice == [pytest.approx(600), pytest.approx(900)]
    assert found.loud == [pytest.approx(650), pytest.approx(950)]
    assert found.unanswered == Tally(0, 2)
    assert found.early == Tally(0, 2)


def test_a_turn_without_an_answer_is_counted_and_has_no_delay() -> None:
    silent = Said("line", 1, 3, unanswered=True)
    found = judged([silent, line(14, 15)], [reply(15.5, 17)], 15.4)
    assert found.voice == [pytest.approx(500)]
    assert found.unanswered == Tally(1, 2)


def test_a_talk_that_ended_first_tells_nothing_of_the_answer() -> None:
    assert judged([line(1, 3)], []).unanswered == Tally(0, 0)


PAUSED = line(1, 5, Gap(700, 2, 2.7))


@pytest.mark.parametrize(
    ("ended_s", "cut_off", "early"),
    [(5.5, 0, 0), (2.6, 1, 0), (2.9, 1, 0), (1.5, 0, 1)],
    ids=["waited", "in the pause", "told when the learner had gone on", "before the pause"],
)
def test_a_turn_that_ends_inside_a_sentence_is_cut_off(ended_s: float, cut_off: int, early: int) -> None:
    found = judged([PAUSED], [reply(5.6, 7)], ended_s)
    assert found.cut_off == {700: Tally(cut_off, 1)}
    assert found.early == Tally(early, 1)
    assert found.spoken_into == 0


def test_each_pause_is_judged_by_itself() -> None:
    said = line(1, 6, Gap(400, 2, 2.4), Gap(1200, 3, 4.2))
    assert judged([said], [], 3.6, 6.5).cut_off == {400: Tally(0, 1), 1200: Tally(1, 1)}


def test_a_tutor_who_speaks_into_a_pause_has_cut_off_whatever_else_was_told() -> None:
    found = judged([PAUSED], [reply(2.5, 4, cut_s=2.8), reply(5.4, 7, id="s")])
    assert found.cut_off == {700: Tally(1, 1)}
    assert found.spoken_into == 1
    assert found.voice == [pytest.approx(400)], "the answer is to the whole"


def test_who_is_talked_over_to_the_end_has_no_delay() -> None:
    found = judged([PAUSED], [reply(2.5, 5.5), reply(5.6, 7, id="s")])
    assert found.voice == []
    assert found.unanswered == Tally(0, 1)


# interruptions


def over(first: Reply, start_s: float = 5.0) -> list[Said]:
    return [line(1, 3), Said("interruption", start_s, start_s + 2, over=first)]


def test_an_interruption_counts_from_its_onset() -> None:
    first = reply(3.5, 9, cut_s=5.8)
    found = judged(over(first), [first], ducks_s=(4.0, 5.2))
    assert found.duck == [pytest.approx(200)]
    assert found.cut == [pytest.approx(800)]
    assert found.missed == Tally(0, 1)
    assert found.unprovoked == 0


def test_a_tutor_who_speaks_on_has_missed_it() -> None:
    first = reply(3.5, 9)
    found = judged(over(first), [first], ducks_s=(5.3,))
    assert found.missed == Tally(1, 1)
    assert found.cut == []
    assert found.duck == [pytest.approx(300)]


def test_a_tutor_who_was_at_the_end_has_missed_nothing() -> None:
    first = reply(3.5, 5.9)
    assert judged(over(first), [first]).missed == Tally(0, 0)


def test_the_reply_that_was_interrupted_is_no_answer() -> None:
    first, second = reply(3.5, 9, cut_s=5.2), reply(7.6, 9, id="s")
    assert judged(over(first), [first, second]).voice == [pytest.approx(500), pytest.approx(600)]


def murmur(first: Reply) -> list[Said]:
    return [line(1, 3), Said("backchannel", 4.0, 4.3, over=first), line(12, 13)]


def test_a_murmur_that_silences_the_tutor_is_a_false_interruption() -> None:
    first = reply(3.5, 9, cut_s=4.2)
    assert judged(murmur(first), [first]).false_cut == {"backchannel": Tally(1, 1)}


def test_what_an_interruption_silences_is_not_put_down_to_the_murmur_before() -> None:
    first = reply(3.5, 9, cut_s=6.2)
    said = [line(1, 3), Said("cough", 4.0, 4.3, over=first), Said("interruption", 6, 8, over=first)]
    found = judged(said, [first])
    assert found.false_cut == {"cough": Tally(0, 1)}
    assert found.cut == [pytest.approx(200)]


def test_a_tutor_who_goes_on_takes_a_murmur_for_what_it_is() -> None:
    first = reply(3.5, 9)
    found = judged(murmur(first), [first])
    assert found.false_cut == {"backchannel": Tally(0, 1)}
    assert found.missed == Tally(0, 0)


def test_a_murmur_at_the_end_of_a_reply_tries_nothing() -> None:
    first = reply(3.5, 4.6)
    assert judged(murmur(first), [first]).false_cut == {}


def test_a_cut_while_nobody_spoke_is_unprovoked() -> None:
    first = reply(3.5, 30, cut_s=20)
    assert judged([line(1, 3)], [first]).unprovoked == 1
    first.cut_s = 5.9
    assert judged([line(1, 3)], [first]).unprovoked == 0


def test_holes_are_told_apart_and_diaries_added() -> None:
    first = reply(3.5, 9)
    first.holes = [Hole(30, inside=True), Hole(200, inside=False)]
    diary = Diary(2, [line(1, 3)], [first], errors=["a"], late_ms=[1.0])
    refused, broken = Diary(2, refused="no"), Diary(2, broken="gone")
    found = judge([diary, refused, broken])
    assert (found.dry, found.pauses, found.late) == ([30], [200], [1.0])
    assert (found.errors, found.refused, found.broken) == (["a"], ["no"], ["gone"])
    assert found.spoken == Tally(1, 6)
    assert found.audio_s == 5.5
