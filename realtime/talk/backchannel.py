"""What a listener says only to be heard listening: it asks for no turn."""

from collections.abc import Iterable

from realtime.talk.transcript import Word

BACKCHANNELS = frozenset(
    [
        *(
            "mm",
            "mmm",
            "mhm",
            "mm-hm",
            "mm-hmm",
            "hm",
            "hmm",
            "uh",
            "uh-huh",
            "um",
            "er",
            "eh",
            "ah",
            "aha",
            "oh",
        ),
        *("wow", "huh", "yeah", "yes", "yep", "ok", "okay", "right", "sure"),
        *("ajá", "aja", "ya", "sí", "si", "vale", "claro"),
    ]
)


def asks_for_the_turn(words: Iterable[Word]) -> bool:
    """Whether one of them is more than a backchannel."""
    return any(word.text.lower().strip(".,!?…") not in BACKCHANNELS for word in words)
