"""A stranger talks through the visitor's lesson with the embedded engines: each scene, with a mistake."""

import pytest

from tests.edges.talker import Event, Talker, spoken, talking
from tests.serving import Served

OPENING = ["I'm fine, thank you."]
SCENES = {
    "coffee": [
        "A coffee, please.", "put me a tea", "I'd like a tea, please.", "To go, please.", "How much is it?",
    ],
    "train": [
        "The train, please.", "To the beach, please.", "go and come back", "There and back, please.",
        "When does the train leave?",
    ],
    "friend": [
        "A new friend, please.", "My name is Carlos.", "I love music.", "of where are you",
        "Where are you from?",
    ],
}  # fmt: skip
MISTAKES = {
    "coffee": ("Put me a tea", "I'd like a tea, please."),
    "train": ("Go and come back", "There and back, please."),
    "friend": ("Of where are you", "Where are you from?"),
}
CLOSING = ["Yes, it was fun."]


async def _say(server: Served, talker: Talker, text: str) -> tuple[str, Event]:
    """What the tutor makes of it, and where the learner is then."""
    del talker.log[:]
    await talker.hear(await spoken(server, text))
    while (await talker.until("response.done"))["response"]["status"] != "completed":
        pass  # a reply to half of it, taken back
    told = {event["type"]: event for event in talker.log if isinstance(event, dict)}
    assert "tutor.feedback" in told, [event for event in talker.log if isinstance(event, dict)]
    return told["tutor.feedback"]["verdict"], told["tutor.lesson"]


@pytest.mark.parametrize("scene", SCENES)
async def test_a_visitor_is_led_through_a_scene_to_a_summary(server: Served, scene: str) -> None:
    async with talking(server) as talker:
        await talker.send({"type": "tutor.settings", "lesson": "visit"})
        await talker.opening()
        said = [*OPENING, *SCENES[scene], *CLOSING]
        heard = [await _say(server, talker, text) for text in said]
        summary = await talker.until("tutor.summary")
    mistake = MISTAKES[scene][0].lower()
    wanted = ["mistake" if text == mistake else "right" for text in said]
    assert [verdict for verdict, _ in heard] == wanted
    assert [lesson["steps"] for _, lesson in heard] == [6] * 7
    assert heard[-1][1]["finished"]
    assert (summary["right"], summary["answers"]) == (6, 6)
    assert (summary["said"], summary["learnt"]) == MISTAKES[scene]
