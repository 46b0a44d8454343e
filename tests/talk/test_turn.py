"""The turn, row by row of docs/turn.md."""

from dataclasses import replace
from math import ceil

import pytest

from realtime.talk.endpoint import AFTER_PAUSE_MS, Ending, wait_ms
from realtime.talk.moves import (
    CommitUtterance,
    DropHeldReply,
    Duck,
    ForgetUtterance,
    HoldReply,
    OfferHelp,
    OpenReply,
    OpenUtterance,
    Recognised,
    StartReply,
    StopReply,
    TellStarted,
    Transcribe,
)
from realtime.talk.turn import Policy, Turn
from tests.talk.vocabulary import (
    BY_HAND,
    DUCK_MS,
    EAGER_MS,
    ENDPOINT_MS,
    GA,
    GUESS_MS,
    LEAD_MS,
    ONSET_MS,
    TUTOR,
    Talk,
    ducking,
    hearing,
    pausing,
    speaking,
    thinking,
    waiting,
)

CUT_BY_SPEECH = StopReply("turn_detected")
CUT_BY_CLIENT = StopReply("client_cancelled")
LIVE = replace(GA, live=True)
HISS_MS = Policy().hiss_ms
SILENT_TUTOR = replace(GA, respond=False)
UNSTOPPABLE = replace(GA, interrupt=False)

# listening


def test_speech_opens_an_utterance() -> None:
    talk = Talk().speak(ONSET_MS)
    assert talk.phase == "hearing"
    assert talk.did(OpenUtterance(), TellStarted())


def test_a_click_is_no_speech() -> None:
    talk = Talk().speak(32).silence(32).speak(32)
    assert talk.phase == "listening"
    assert talk.did()


def test_silence_changes_nothing_while_listening() -> None:
    assert Talk().silence(10_000).did()


# hearing


def test_words_are_recognised_while_the_learner_speaks() -> None:
    talk = hearing(LIVE)
    assert talk.turn.revision == 1
    assert talk.recognised().speak(544).did(Transcribe(2, whole=False))


def test_one_partial_at_a_time() -> None:
    assert hearing(LIVE).speak(5000).did()


def asked_at_once() -> Talk:
    """Words are being recognised, and no more audio has come since."""
    return Talk(LIVE).speak(480).skip()


def test_a_quick_recogniser_is_asked_again_at_once() -> None:
    talk = asked_at_once().speak(64).recognised()
    assert talk.speak(384).did()
    assert talk.speak(32).did(Transcribe(2, whole=False))


def test_a_busy_recogniser_is_left_alone_for_as_long_as_it_took() -> None:
    talk = asked_at_once().speak(640).recognised()
    assert talk.speak(608).did()
    assert talk.speak(32).did(Transcribe(2, whole=False))


def test_a_very_busy_recogniser_is_asked_again_after_a_second() -> None:
    talk = asked_at_once().speak(5000).recognised()
    assert talk.speak(960).did()
    assert talk.speak(64).did(Transcribe(2, whole=False))


def test_a_recogniser_that_refuses_is_left_alone_though_it_was_quick() -> None:
    talk = asked_at_once().speak(32).on(Recognised(1, failed=True))
    assert talk.speak(1920).did()
    assert talk.speak(64).did(Transcribe(2, whole=False))


def test_a_partial_decides_nothing() -> None:
    talk = hearing(LIVE).recognised()
    assert talk.phase == "hearing"
    assert talk.did()


def test_no_partials_for_a_client_that_is_not_shown_them() -> None:
    assert hearing(GA).speak(5000).did()


def test_a_long_utterance_is_recognised_on_the_way_though_nobody_reads_along() -> None:
    assert hearing(replace(GA, long_ms=3000)).speak(3000).did(Transcribe(1, whole=False))


def test_a_short_silence_is_no_pause() -> None:
    talk = hearing().silence(EAGER_MS - 32)
    assert talk.phase == "hearing"
    assert talk.did()


def test_a_pause_has_the_whole_recognised() -> None:
    talk = hearing().silence(EAGER_MS)
    assert talk.phase == "pausing"
    assert talk.did(Transcribe(1, whole=True))


def test_nobody_listens_for_ever() -> None:
    talk = hearing(replace(GA, longest_ms=3000)).speak(2000)
    assert talk.did(Transcribe(1, whole=True), CommitUtterance())
    assert talk.recognised().did(StartReply())


def test_an_endless_utterance_is_answered_with_what_was_known_of_it() -> None:
    talk = pausing(replace(GA, longest_ms=1120)).recognised().skip()
    assert talk.speak(32).did(DropHeldReply(), CommitUtterance(), StartReply())


def test_an_endless_utterance_without_words_is_not_answered() -> None:
    talk = pausing(replace(GA, longest_ms=1120)).recognised(empty=True)
    assert talk.speak(32).did(CommitUtterance())
    assert talk.phase == "listening"


# pausing


def test_the_reply_begins_inside_the_silence_and_is_held() -> None:
    talk = pausing().recognised()
    assert talk.phase == "pausing"
    assert talk.did(HoldReply())


def test_no_reply_is_held_for_nothing() -> None:
    assert pausing().recognised(empty=True).did()


@pytest.mark.parametrize("policy", [SILENT_TUTOR, replace(GA, speculate=False)])
def test_no_reply_is_held_where_none_is_wanted_early(policy: Policy) -> None:
    assert pausing(policy).recognised().did()


def guessing(policy: Policy = LIVE, more_ms: int = 96) -> Talk:
    """A pause, and all but a little of the speech before it is known."""
    talk = Talk(policy).speak(512).recognised(guess=True)
    return talk.speak(more_ms).silence(EAGER_MS).skip()


def test_words_that_are_fresh_are_not_waited_for() -> None:
    talk = guessing().silence(GUESS_MS - EAGER_MS)
    assert talk.did(HoldReply())
    assert talk.recognised(guessed=True).did()
    assert talk.silence(ENDPOINT_MS - GUESS_MS).did(CommitUtterance(), StartReply())


def test_a_guess_that_was_wrong_is_dropped() -> None:
    talk = guessing().silence(GUESS_MS - EAGER_MS).skip()
    assert talk.recognised().did(DropHeldReply(), HoldReply())
    again = guessing().silence(GUESS_MS - EAGER_MS).skip()
    assert again.recognised(empty=True).did(DropHeldReply())


def test_words_that_are_not_fresh_are_no_guess() -> None:
    assert guessing(more_ms=256).silence(GUESS_MS - EAGER_MS).did()
    late = Talk(LIVE).speak(512).recognised(guess=True).speak(512).silence(GUESS_MS).skip()
    assert late.silence(64).did()  # the newest recognition has not ended


@pytest.mark.parametrize("policy", [replace(LIVE, respond=False), replace(LIVE, speculate=False)])
def test_no_guess_is_made_where_no_reply_is_wanted_early(policy: Policy) -> None:
    assert guessing(policy).silence(GUESS_MS - EAGER_MS).did()


def test_a_guess_does_not_outlive_the_pause() -> None:
    talk = guessing().silence(GUESS_MS - EAGER_MS).skip()
    assert talk.speak(32).did(DropHeldReply())
    assert talk.silence(GUESS_MS).did(Transcribe(3, whole=True))


def test_a_guess_is_no_answer_where_the_words_are_not_known_in_time() -> None:
    talk = guessing().silence(GUESS_MS - EAGER_MS).skip().silence(ENDPOINT_MS - GUESS_MS)
    assert talk.did(DropHeldReply(), CommitUtterance())
    assert talk.recognised(guessed=True).did(StartReply())


def test_speech_after_a_pause_goes_on_with_the_same_utterance() -> None:
    talk = pausing().recognised().skip().speak(32)
    assert talk.phase == "hearing"
    assert talk.did(DropHeldReply())
    assert talk.silence(EAGER_MS).did(Transcribe(2, whole=True))


def test_what_was_recognised_before_the_learner_went_on_is_stale() -> None:
    talk = pausing().speak(320).silence(EAGER_MS).skip()
    assert talk.recognised(revision=1).did()
    assert talk.recognised(revision=2).did(HoldReply())


def test_the_endpoint_lets_the_held_reply_out() -> None:
    talk = pausing().recognised().skip().silence(ENDPOINT_MS - EAGER_MS)
    assert talk.phase == "thinking"
    assert talk.did(CommitUtterance(), StartReply())


ATTENTIVE = replace(GA, attentive=True)


def endpoint_ms(talk: Talk) -> int:
    """The silence after which the utterance that pauses is committed."""
    while talk.turn.ear == "pausing":
        talk.silence(32)
        silent_ms = talk.turn.silent_ms
    return silent_ms


def wait_in_windows(how: Ending) -> int:
    return ceil(wait_ms(ATTENTIVE.endpoint_ms, how, 0) / 32) * 32


def test_the_wait_counts_from_the_end_of_speech_and_voice_activity_tells_it_late() -> None:
    assert endpoint_ms(pausing(replace(GA, late_ms=64)).recognised()) == ENDPOINT_MS - 64


def test_the_wait_may_end_inside_a_window() -> None:
    talk = pausing().recognised().silence(480 - EAGER_MS).skip()
    assert talk.remainder(GA.endpoint_ms - 481).did()
    assert talk.remainder(GA.endpoint_ms - 480).did(CommitUtterance(), StartReply())


@pytest.mark.parametrize("talk", [Talk().silence(960), hearing(), ducking().silence(960).skip()])
def test_audio_short_of_a_window_ends_nothing_but_a_pause(talk: Talk) -> None:
    assert talk.remainder(31).did()


def test_a_complete_sentence_is_answered_sooner() -> None:
    waited_ms = endpoint_ms(pausing(ATTENTIVE).recognised(ending="complete"))
    assert waited_ms == wait_in_windows("complete") < ENDPOINT_MS


def test_a_sentence_that_hangs_is_waited_for() -> None:
    talk = pausing(ATTENTIVE).recognised(ending="hanging")
    assert endpoint_ms(talk) == wait_in_windows("hanging") > ENDPOINT_MS
    assert talk.did(HoldReply(), CommitUtterance(), StartReply())


def test_a_sound_without_words_is_no_hurry() -> None:
    talk = pausing(ATTENTIVE).recognised(empty=True)
    assert endpoint_ms(talk) == wait_in_windows("hanging")
    assert talk.phase == "listening"


def test_a_sound_without_words_does_not_put_an_owed_reply_off_for_longer() -> None:
    talk = thinking(replace(TUTOR, attentive=True)).speak(ONSET_MS).silence(EAGER_MS)
    assert endpoint_ms(talk.recognised(empty=True)) == ENDPOINT_MS


def test_a_fixed_wait_looks_at_no_words() -> None:
    assert endpoint_ms(pausing().recognised(ending="hanging")) == ENDPOINT_MS


def test_words_that_are_not_known_yet_change_no_wait() -> None:
    assert endpoint_ms(pausing(ATTENTIVE)) == ENDPOINT_MS


def test_what_went_on_is_judged_anew() -> None:
    talk = pausing(ATTENTIVE).recognised(ending="hanging").speak(320).silence(EAGER_MS)
    assert endpoint_ms(talk) == ENDPOINT_MS


def test_a_learner_who_keeps_the_floor_is_offered_help() -> None:
    talk = hearing(TUTOR).speak(TUTOR.help_ms).skip().silence(EAGER_MS)
    assert talk.did(Transcribe(2, whole=True), OfferHelp())
    assert talk.phase == "pausing"


def test_help_is_offered_once_in_an_utterance() -> None:
    talk = hearing(TUTOR).speak(TUTOR.help_ms).silence(EAGER_MS).speak(32).skip().silence(EAGER_MS)
    assert talk.did(Transcribe(3, whole=True))


def test_a_learner_who_pauses_long_is_waited_for() -> None:
    talk = pausing(ATTENTIVE).recognised().silence(480 - EAGER_MS).speak(320).silence(EAGER_MS).recognised()
    assert endpoint_ms(talk) == 800


def test_a_learner_who_has_not_been_heard_is_believed_to_pause() -> None:
    talk = pausing(replace(ATTENTIVE, pause_ms=600)).recognised()
    assert endpoint_ms(talk) == 928
    assert endpoint_ms(pausing(ATTENTIVE).recognised()) == ENDPOINT_MS


def test_a_learner_who_no_longer_pauses_is_waited_for_less_and_less() -> None:
    talk, waits = Talk(replace(ATTENTIVE, pause_ms=600)), list[int]()
    for _ in range(4):
        waits.append(endpoint_ms(talk.speak(960).silence(EAGER_MS).recognised()))
        talk.sounded().played()
    assert waits == sorted(set(waits), reverse=True)
    coughed = Talk(replace(ATTENTIVE, pause_ms=600)).speak(96).silence(EAGER_MS).recognised(empty=True)
    endpoint_ms(coughed)
    assert endpoint_ms(coughed.speak(960).silence(EAGER_MS).recognised()) == waits[0]


def test_a_false_endpoint_was_a_pause_too() -> None:
    talk = thinking(replace(TUTOR, attentive=True)).silence(192).speak(320).silence(EAGER_MS).recognised()
    assert endpoint_ms(talk) >= ENDPOINT_MS + 192 + AFTER_PAUSE_MS


def test_a_click_does_not_hide_how_long_the_pause_was() -> None:
    clicked = thinking(TUTOR).silence(96).speak(32).silence(96).speak(ONSET_MS)
    quiet = thinking(TUTOR).silence(192).speak(ONSET_MS)
    assert clicked.turn.pause_ms == quiet.turn.pause_ms == ENDPOINT_MS + 192


def test_the_endpoint_starts_a_reply_that_was_not_held() -> None:
    talk = pausing(replace(GA, speculate=False)).recognised().silence(ENDPOINT_MS)
    assert talk.did(CommitUtterance(), StartReply())


def test_the_endpoint_waits_for_a_late_recognition() -> None:
    talk = pausing().silence(ENDPOINT_MS)
    assert talk.phase == "thinking"
    assert talk.did(CommitUtterance())
    assert talk.recognised().did(StartReply())


def test_an_utterance_without_words_is_committed_and_not_answered() -> None:
    talk = pausing().recognised(empty=True).silence(ENDPOINT_MS)
    assert talk.phase == "listening"
    assert talk.did(CommitUtterance())


def test_an_utterance_found_to_hold_no_words_late_is_not_answered() -> None:
    talk = waiting().recognised(empty=True)
    assert talk.phase == "listening"
    assert talk.did()


def test_without_create_response_the_endpoint_only_commits() -> None:
    talk = pausing(SILENT_TUTOR).recognised().silence(ENDPOINT_MS)
    assert talk.phase == "listening"
    assert talk.did(CommitUtterance())


def test_a_reply_held_before_create_response_was_turned_off_is_dropped() -> None:
    talk = pausing().recognised().skip()
    talk.policy = SILENT_TUTOR
    assert talk.silence(ENDPOINT_MS).did(DropHeldReply(), CommitUtterance())


# the client's own commit, clear and request


def test_push_to_talk_never_reacts_to_voice() -> None:
    talk = Talk(BY_HAND).speak(3000).silence(3000).speak(1000)
    assert talk.phase == "listening"
    assert talk.did()


def test_a_button_that_is_only_tapped_says_nothing() -> None:
    talk = Talk(BY_HAND).silence(160).speak(32).silence(64).commit()
    assert talk.did(CommitUtterance(silent=True))
    assert talk.phase == "listening"


def test_push_to_talk_shows_words_while_the_button_is_held() -> None:
    talk = Talk(replace(BY_HAND, live=True)).silence(1000).speak(32)
    assert talk.did(Transcribe(1, whole=False))


def test_push_to_talk_commits_and_then_asks() -> None:
    talk = Talk(BY_HAND).speak(1000).commit()
    assert talk.did(Transcribe(1, whole=True), CommitUtterance())
    assert talk.ask().did(OpenReply())
    assert talk.phase == "thinking"
    assert talk.recognised().did(StartReply())


def test_a_reply_waits_for_the_words_of_a_recording() -> None:
    talk = Talk(BY_HAND).bring(-1).bring(-2)
    assert talk.phase == "listening"
    assert talk.ask().did(OpenReply())
    assert talk.recognised(revision=-2).did()
    assert talk.recognised(revision=-1).did(StartReply())


def test_a_recording_while_the_learner_speaks_is_answered_too() -> None:
    talk = pausing().bring(-1).recognised().silence(ENDPOINT_MS)
    assert talk.did(CommitUtterance())
    assert talk.recognised(revision=-1).did(StartReply())


def test_a_recording_puts_the_held_reply_off() -> None:
    talk = pausing().recognised().skip().bring(-1)
    assert talk.did(DropHeldReply())
    assert talk.silence(ENDPOINT_MS).did(CommitUtterance())
    assert talk.recognised(revision=-1).did(StartReply())


def test_no_reply_is_held_while_words_before_it_are_unknown() -> None:
    talk = waiting().speak(1000).silence(EAGER_MS).skip()
    assert talk.recognised().silence(ENDPOINT_MS).did(CommitUtterance())
    assert talk.recognised(revision=1).did(StartReply())


def test_a_reply_that_was_asked_for_answers_silence_too() -> None:
    assert Talk(BY_HAND).speak(1000).commit().ask().skip().recognised(empty=True).did(StartReply())


def test_a_commit_alone_is_not_answered() -> None:
    assert Talk(BY_HAND).speak(1000).commit().skip().recognised().did()


def test_a_second_commit_makes_the_reply_wait_for_its_words() -> None:
    talk = Talk(BY_HAND).speak(1000).commit().ask().speak(1000).commit().skip()
    assert talk.recognised(revision=2).did()
    assert talk.recognised(revision=1).did(StartReply())


def test_a_commit_takes_what_the_pause_has_recognised() -> None:
    assert pausing().recognised().skip().commit().did(DropHeldReply(), CommitUtterance())


def test_a_commit_while_ducked_ends_the_utterance_and_the_ducking() -> None:
    talk = ducking().commit()
    assert talk.phase == "speaking"
    assert talk.did(Duck(on=False), Transcribe(2, whole=True), CommitUtterance())


def test_turning_voice_activity_off_leaves_the_utterance_to_the_client() -> None:
    talk = pausing().recognised().skip()
    talk.policy = BY_HAND
    assert talk.silence(5000).did(DropHeldReply())
    assert talk.commit().did(Transcribe(2, whole=True), CommitUtterance())


def test_turning_voice_activity_off_ends_the_ducking() -> None:
    talk = ducking()
    talk.policy = BY_HAND
    assert talk.speak(32).did(Duck(on=False))
    assert talk.phase == "speaking"


@pytest.mark.parametrize("talk", [hearing(), pausing()])
def test_clear_forgets_the_utterance(talk: Talk) -> None:
    assert talk.clear().did(ForgetUtterance())
    assert talk.phase == "listening"
    assert talk.recognised().did()


def test_clear_drops_the_held_reply() -> None:
    assert pausing().recognised().skip().clear().did(DropHeldReply(), ForgetUtterance())


def test_clear_while_ducked_lets_the_tutor_go_on() -> None:
    talk = ducking().clear()
    assert talk.phase == "speaking"
    assert talk.did(Duck(on=False), ForgetUtterance())


def test_clear_does_not_take_back_what_is_committed() -> None:
    assert waiting().clear().skip().recognised().did(StartReply())


def test_a_reply_asked_for_begins_at_once() -> None:
    talk = Talk().ask()
    assert talk.phase == "thinking"
    assert talk.did(StartReply())


def test_a_reply_asked_for_takes_the_place_of_the_held_one() -> None:
    assert pausing().recognised().skip().ask().did(DropHeldReply(), StartReply())


def test_clear_while_a_partial_is_under_way_holds_up_no_reply() -> None:
    """A partial of what was cleared never comes back."""
    talk = Talk(replace(BY_HAND, live=True)).speak(1000).ask().clear()
    assert talk.did(Transcribe(1, whole=False), StartReply(), ForgetUtterance())


# thinking


def test_the_first_sound_makes_the_tutor_speak() -> None:
    talk = thinking().sounded()
    assert talk.phase == "speaking"
    assert talk.did()


def test_a_false_endpoint_stops_the_reply_and_opens_another_item() -> None:
    talk = thinking(GA).speak(ONSET_MS)
    assert talk.phase == "hearing"
    assert talk.did(OpenUtterance(), TellStarted(), CUT_BY_SPEECH)


def test_a_false_endpoint_joins_the_utterances_in_tutor_v1() -> None:
    talk = thinking(TUTOR).speak(ONSET_MS)
    assert talk.did(OpenUtterance(rejoin=True), TellStarted(), CUT_BY_SPEECH)


def test_a_false_endpoint_before_the_reply_is_announced_stops_nothing() -> None:
    assert waiting(GA).speak(ONSET_MS).did(OpenUtterance(), TellStarted())
    assert waiting(TUTOR).speak(ONSET_MS).did(OpenUtterance(rejoin=True), TellStarted())


def test_words_joined_after_a_false_endpoint_are_answered_once() -> None:
    talk = thinking(TUTOR).speak(1000).silence(EAGER_MS).skip()
    assert talk.recognised().silence(ENDPOINT_MS).did(HoldReply(), CommitUtterance(), StartReply())
    assert talk.sounded().played().did()


@pytest.mark.parametrize("policy", [GA, TUTOR])
def test_a_cough_before_the_first_sound_only_puts_the_reply_off(policy: Policy) -> None:
    talk = thinking(policy).speak(ONSET_MS).silence(EAGER_MS).recognised(empty=True).skip()
    assert talk.silence(ENDPOINT_MS).did(CommitUtterance(), StartReply())


def test_a_cough_does_not_swallow_the_reply_to_what_is_still_being_recognised() -> None:
    talk = waiting(GA).speak(ONSET_MS).recognised(revision=1).silence(EAGER_MS).recognised(empty=True).skip()
    assert talk.silence(ENDPOINT_MS).did(CommitUtterance(), StartReply())


def test_a_cough_does_not_swallow_the_reply_to_what_a_slow_recogniser_finds_after_it() -> None:
    talk = waiting(GA).speak(ONSET_MS).silence(ENDPOINT_MS).skip()
    assert talk.recognised(revision=1).did()
    assert talk.recognised(revision=2, empty=True).did(StartReply())


def test_a_reply_that_the_client_asked_for_is_not_put_off_but_stopped() -> None:
    talk = Talk(SILENT_TUTOR).ask().speak(ONSET_MS).silence(EAGER_MS).recognised(empty=True).skip()
    assert talk.silence(ENDPOINT_MS).did(CommitUtterance())


def test_speech_stops_a_reply_that_waits_for_its_words() -> None:
    assert waiting(GA).ask().skip().speak(ONSET_MS).did(OpenUtterance(), TellStarted(), CUT_BY_SPEECH)


# speaking


def test_speech_over_the_tutor_cuts_in_at_once_in_ga() -> None:
    talk = speaking(GA).speak(DUCK_MS - 32)
    assert talk.did()
    assert talk.speak(32).did(OpenUtterance(), TellStarted(), CUT_BY_SPEECH)
    assert talk.phase == "hearing"


def test_speech_over_the_tutor_ducks_first_in_tutor_v1() -> None:
    talk = speaking(TUTOR).speak(DUCK_MS)
    assert talk.phase == "ducking"
    assert talk.did(OpenUtterance(), Duck(on=True))


def test_a_sound_right_before_speech_counts_toward_the_duck() -> None:
    assert speaking(TUTOR).rustle(LEAD_MS).speak(DUCK_MS - LEAD_MS).did(OpenUtterance(), Duck(on=True))
    assert speaking(TUTOR).rustle(32).speak(32).did()
    assert speaking(TUTOR).rustle(LEAD_MS).silence(32).speak(DUCK_MS - 32).did()


def test_a_sound_without_speech_is_none_however_long() -> None:
    talk = speaking(TUTOR).rustle(1000)
    assert talk.phase == "speaking"
    assert talk.did()
    assert speaking(TUTOR).rustle(1000).speak(32).phase == "ducking"


@pytest.mark.parametrize("policy", [GA, replace(TUTOR, interrupt=False)])
def test_a_sound_before_speech_hurries_nothing_but_a_duck(policy: Policy) -> None:
    assert speaking(policy).rustle(LEAD_MS).speak(DUCK_MS - 32).did()
    assert speaking(policy).hiss(LEAD_MS).silence(32).speak(DUCK_MS - 32).did()


def test_a_hiss_right_before_speech_counts_toward_a_cut() -> None:
    cut = (OpenUtterance(), TellStarted(), CUT_BY_SPEECH)
    assert speaking().hiss(LEAD_MS).speak(DUCK_MS - LEAD_MS).did(*cut)
    assert speaking().rustle(32).hiss(32).speak(DUCK_MS - 32).did(*cut)
    assert speaking().hiss(32).rustle(32).speak(DUCK_MS - LEAD_MS).did(*cut)
    assert speaking().hiss(1000).did()
    assert speaking().hiss(HISS_MS + 32).speak(DUCK_MS - 32).did()
    assert speaking().hiss(32).rustle(HISS_MS).speak(DUCK_MS - 32).did()
    assert speaking(TUTOR).hiss(32).rustle(32).speak(DUCK_MS - LEAD_MS).did(OpenUtterance(), Duck(on=True))


def test_without_interrupt_response_the_tutor_speaks_on() -> None:
    talk = speaking(UNSTOPPABLE).speak(1000)
    assert talk.turn.replying
    assert talk.did(OpenUtterance(), TellStarted())


def test_what_was_said_meanwhile_is_answered_when_the_tutor_has_finished() -> None:
    talk = speaking(UNSTOPPABLE).speak(1000).silence(EAGER_MS).recognised().silence(ENDPOINT_MS).skip()
    assert talk.phase == "speaking"
    assert talk.played().did(StartReply())


def test_what_was_said_meanwhile_is_answered_once() -> None:
    talk = speaking(UNSTOPPABLE).speak(1000).silence(EAGER_MS).recognised().silence(ENDPOINT_MS).played()
    assert talk.sounded().skip().played().did()


def test_two_utterances_that_wait_are_answered_together() -> None:
    talk = waiting(UNSTOPPABLE).speak(1000).silence(ENDPOINT_MS).skip()
    assert talk.recognised(revision=1).did()
    assert talk.recognised(revision=2).did(StartReply())
    assert talk.sounded().played().did()


def test_the_tutor_does_not_begin_while_the_learner_speaks() -> None:
    talk = waiting(UNSTOPPABLE).speak(1000).skip()
    assert talk.recognised().did()
    assert (
        talk.silence(EAGER_MS)
        .recognised(empty=True)
        .skip()
        .silence(ENDPOINT_MS)
        .did(CommitUtterance(), StartReply())
    )


def test_the_client_may_ask_for_the_next_reply_while_the_last_still_plays() -> None:
    assert speaking().ask().did(StartReply())


# ducking


def test_going_on_speaking_cuts_in() -> None:
    talk = ducking().speak(480)
    assert talk.phase == "hearing"
    assert talk.did(TellStarted(), CUT_BY_SPEECH, Duck(on=False))


def test_a_word_that_is_no_backchannel_cuts_in() -> None:
    talk = ducking(replace(TUTOR, live=True)).speak(384).skip()
    assert talk.recognised(word=True).did(TellStarted(), CUT_BY_SPEECH, Duck(on=False))


def test_a_backchannel_does_not_cut_in() -> None:
    talk = ducking(replace(TUTOR, live=True)).speak(384).skip()
    assert talk.recognised().did()
    assert talk.phase == "ducking"


def test_a_pause_under_ducking_has_the_whole_recognised() -> None:
    talk = ducking().silence(EAGER_MS - 32)
    assert talk.did()
    assert talk.silence(32).did(Transcribe(2, whole=True))
    assert talk.phase == "ducking"


def test_a_short_word_cuts_in_when_it_is_known() -> None:
    talk = ducking().silence(EAGER_MS).skip().recognised(word=True)
    assert talk.did(TellStarted(), CUT_BY_SPEECH, Duck(on=False), HoldReply())
    assert talk.phase == "pausing"
    assert talk.silence(ENDPOINT_MS).did(CommitUtterance(), StartReply())


@pytest.mark.parametrize("empty", [True, False])
def test_a_cough_does_not_barge_in(*, empty: bool) -> None:
    talk = ducking().silence(EAGER_MS).skip().recognised(empty=empty).silence(288 - EAGER_MS)
    assert talk.did()
    assert talk.silence(32).did(ForgetUtterance(), Duck(on=False))
    assert talk.phase == "speaking"


def test_the_tutor_stays_quiet_until_the_short_words_are_known() -> None:
    talk = ducking().silence(640).skip()
    assert talk.phase == "ducking"
    assert talk.recognised(word=True).did(TellStarted(), CUT_BY_SPEECH, Duck(on=False), HoldReply())


def test_a_late_recogniser_does_not_keep_the_tutor_quiet() -> None:
    talk = ducking().silence(EAGER_MS).skip().silence(992 - EAGER_MS)
    assert talk.did()
    assert talk.silence(32).did(ForgetUtterance(), Duck(on=False))
    assert talk.recognised(word=True).did()


def test_speech_after_a_pause_under_ducking_adds_up() -> None:
    talk = ducking().silence(EAGER_MS).skip().speak(32)
    assert talk.recognised(word=True).did()
    assert talk.phase == "ducking"
    assert talk.speak(448).did(TellStarted(), CUT_BY_SPEECH, Duck(on=False))


def test_stammering_adds_up_to_a_barge_in() -> None:
    talk = ducking()
    for _ in range(5):
        talk.silence(EAGER_MS - 32).speak(96)
    assert talk.did(TellStarted(), CUT_BY_SPEECH, Duck(on=False))


def test_an_endless_utterance_ends_the_ducking_too() -> None:
    talk = ducking()
    talk.policy = replace(TUTOR, longest_ms=192)
    talk.speak(64)
    assert talk.did(Duck(on=False), Transcribe(2, whole=True), CommitUtterance())
    assert talk.recognised().did()
    assert talk.played().did(StartReply())


def test_an_answer_in_the_tutors_last_words_is_heard_once_they_are_over() -> None:
    talk = ducking().silence(EAGER_MS).recognised(empty=True).skip()
    asked = talk.turn.revision + 1
    assert talk.played().did(TellStarted(), Duck(on=False), Transcribe(asked, whole=True))
    assert talk.recognised().did(HoldReply())
    assert talk.silence(ENDPOINT_MS).did(CommitUtterance(), StartReply())


def test_a_reply_that_ends_under_the_learners_voice_leaves_the_turn_to_them() -> None:
    talk = ducking().played()
    assert talk.phase == "hearing"
    assert talk.did(TellStarted(), Duck(on=False))


# the end of a reply


@pytest.mark.parametrize("talk", [thinking(), speaking()])
def test_after_the_reply_the_learner_is_heard(talk: Talk) -> None:
    assert talk.played().did()
    assert talk.phase == "listening"


@pytest.mark.parametrize("talk", [thinking(), speaking(), waiting().ask().skip()])
def test_the_client_cancels(talk: Talk) -> None:
    assert talk.cancel().did(CUT_BY_CLIENT)
    assert talk.recognised().did()
    assert talk.phase == "listening"


def test_the_client_cancels_under_the_learners_voice() -> None:
    talk = ducking().cancel()
    assert talk.phase == "listening"
    assert talk.did(CUT_BY_CLIENT, Duck(on=False), ForgetUtterance())


def test_a_cancel_does_not_touch_the_utterance_being_spoken() -> None:
    talk = speaking(UNSTOPPABLE).speak(1000).skip().cancel()
    assert talk.phase == "hearing"
    assert talk.did(CUT_BY_CLIENT)


def test_a_cancel_takes_back_the_reply_that_was_to_follow() -> None:
    talk = speaking(UNSTOPPABLE).speak(1000).silence(EAGER_MS).recognised().silence(ENDPOINT_MS).skip()
    assert talk.cancel().did(CUT_BY_CLIENT)
    assert talk.phase == "listening"


# the client goes


def test_a_client_that_leaves_ends_the_reply_and_the_utterance() -> None:
    talk = speaking(UNSTOPPABLE).speak(1000).skip().leave()
    assert talk.phase == "listening"
    assert talk.did(CUT_BY_CLIENT, ForgetUtterance())


def test_a_client_that_leaves_in_a_pause_gets_no_held_reply() -> None:
    assert pausing().recognised().skip().leave().did(DropHeldReply(), ForgetUtterance())


@pytest.mark.parametrize(
    "talk", [waiting(), waiting().speak(ONSET_MS).skip(), thinking().speak(ONSET_MS).skip()]
)
def test_nobody_is_answered_who_has_left(talk: Talk) -> None:
    assert talk.leave().did(ForgetUtterance())
    assert talk.recognised(revision=1).did()
    assert talk.phase == "listening"


# news that changes nothing


@pytest.mark.parametrize("talk", [Talk(), hearing(), pausing().recognised().skip(), waiting()])
def test_news_of_no_reply_changes_nothing(talk: Talk) -> None:
    before = talk.turn
    assert talk.sounded().played().cancel().did()
    assert talk.turn == before


@pytest.mark.parametrize(
    "talk",
    [Talk(), hearing(), pausing(), waiting(), thinking(), speaking(), ducking(), waiting().ask().skip()],
)
def test_a_stale_recognition_changes_nothing(talk: Talk) -> None:
    before = talk.turn
    assert talk.recognised(revision=99, word=True).did()
    assert talk.turn == before


def test_a_recognition_counts_once() -> None:
    assert thinking().recognised().did()


@pytest.mark.parametrize(
    ("talk", "phase"),
    [
        (Talk(), "listening"),
        (hearing(), "hearing"),
        (pausing(), "pausing"),
        (waiting(), "thinking"),
        (thinking(), "thinking"),
        (speaking(), "speaking"),
        (ducking(), "ducking"),
    ],
)
def test_the_phases(talk: Talk, phase: str) -> None:
    assert talk.phase == phase


def test_a_turn_begins_with_nothing() -> None:
    assert Talk().turn == Turn()
    assert not Turn().replying
    assert not Turn().owing
