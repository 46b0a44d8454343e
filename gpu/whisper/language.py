"""Which of the languages allowed a clip is in."""

from math import log

# A second language must be so much likelier: learners' English sounds like their mother tongue.
MARGIN = 1.0  # of log probability
SHORTEST_VOICED_S = 1.5  # on less, what Whisper detects is a guess


def needs_asking(languages: list[str], voiced_s: float) -> bool:
    return len(languages) > 1 and voiced_s >= SHORTEST_VOICED_S


def chosen(languages: list[str], probabilities: dict[str, float]) -> str:
    """The first, unless another allowed one is likelier by the margin. Others than those do not count."""
    first, *others = languages
    scores = {one: log(max(probabilities.get(one, 0), 1e-12)) for one in languages}
    best = max(others, key=lambda other: scores[other], default=first)
    return best if scores[best] > scores[first] + MARGIN else first
