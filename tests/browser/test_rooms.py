"""The page in a room, as the benchmark has it: a sign of listening only lowers the tutor's voice."""

from benchmarks.rooms import Room, entered, quiet_room, staged


def test_the_tutor_goes_on_after_a_sign_of_listening_and_gives_way_to_a_sentence() -> None:
    with staged() as (url, engines), entered(Room(), url, engines) as scene:
        (sign,), (word,) = quiet_room(scene, 1)
        assert sign.duck is not None and sign.cut is None
        assert scene.count("tutor.duck", "!event.on") >= 1
        assert word.cut is not None and word.silent is not None
        cleared = scene.page.evaluate("() => atomTalk.snapshot().cleared")
        assert cleared > 0
