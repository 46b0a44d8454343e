"""Whether a transcript was said or invented: what speaks for it besides the text itself."""

import zlib
from dataclasses import dataclass

LEAST_VOICED_S = 0.1  # less is a click; espeak-ng's "A." has 0.19, its "Oh." 0.26
MOST_CHARACTERS_A_VOICED_S = 35.0  # people read at 15 to 17; the voice activity may miss half of a soft voice
SPARED_CHARACTERS = 12  # a short answer may come of very little voice
# The thresholds by which OpenAI's own transcribe rejects a window.
NO_SPEECH = 0.6
LEAST_MEAN_LOG_PROBABILITY = -1.0
MOST_COMPRESSION = 2.4
SHORTEST_LOOP = 4  # times the same words in a row, which people do not say


@dataclass(frozen=True, slots=True)
class Evidence:
    text: str
    voiced_s: float
    no_speech: float  # probability
    mean_log_probability: float  # a token


def objection(evidence: Evidence) -> str | None:
    """Why the text is taken for an invention; None where it is believed."""
    text = evidence.text.strip()
    if not text:
        return None
    unsure = evidence.mean_log_probability < LEAST_MEAN_LOG_PROBABILITY
    if evidence.voiced_s < LEAST_VOICED_S:
        return "no voice"
    if evidence.no_speech > NO_SPEECH and unsure:
        return "no speech"
    if len(text) - SPARED_CHARACTERS > MOST_CHARACTERS_A_VOICED_S * evidence.voiced_s:
        return "too much text"
    if compression(text) > MOST_COMPRESSION:
        return "compressible"
    if repeats(text) >= SHORTEST_LOOP and unsure:
        return "a loop"
    return None


def compression(text: str) -> float:
    """Of Whisper's own measure: bytes of the text for each byte that zlib needs."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw))


def repeats(text: str) -> int:
    """How often the same one to four words follow each other at most."""
    words = text.lower().split()
    most = 1
    for length in range(1, 5):
        run = 1
        for place in range(length, len(words) - length + 1, length):
            same = words[place : place + length] == words[place - length : place]
            run = run + 1 if same else 1
            most = max(most, run)
    return most if words else 0
