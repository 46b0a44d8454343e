"""The Whisper process: a batch of learners' audio in, words with their times and probabilities out."""

import argparse
import sys
from collections.abc import Iterator

import numpy as np

from gpu.decode import SAMPLE_RATE, Samples
from gpu.embedded.child import Stop, serve
from gpu.pipe import Head, Message
from gpu.whisper.batch import Heard, Whisper, Window
from gpu.whisper.evidence import LEAST_VOICED_S, Evidence, objection
from gpu.whisper.model import ModelMissing, load
from gpu.whisper.voice import WINDOW, Voice, seconds
from gpu.whisper.windows import parted


class Recogniser:
    def __init__(self, whisper: Whisper, most: int) -> None:
        self._whisper = whisper
        self._most = most
        self._voice = Voice()

    def warm(self) -> None:
        self._whisper.hear([Window(np.zeros(SAMPLE_RATE, np.int16), 0)])

    def answer(self, head: Head, body: bytes, stop: Stop) -> Iterator[Message]:
        """One reply for all of `requests`, each of which says how many samples of the body are its own."""
        audio = np.frombuffer(body, np.int16)
        for request in head["requests"]:
            request["languages"] = list(filter(self._whisper.knows, request["languages"])) or ["en"]
        windows: list[Window] = []
        origins: list[tuple[int, float]] = []  # whose window it is, and when it begins
        start = 0
        for place, request in enumerate(head["requests"]):
            own = audio[start : start + request["samples"]]
            start += request["samples"]
            for offset_s, window in self._windows(own, request):
                windows.append(window)
                origins.append((place, offset_s))
        answers = [nothing(request["languages"][0]) for request in head["requests"]]
        for first in range(0, len(windows), self._most):
            if stop:
                return
            part = windows[first : first + self._most]
            for window, heard, (place, offset_s) in zip(
                part, self._whisper.hear(part), origins[first:], strict=False
            ):
                add(answers[place], window, heard, offset_s)
        yield {"answers": answers}, b""

    def _windows(self, audio: Samples, request: Head) -> Iterator[tuple[float, Window]]:
        """Those with a voice in them; what has none is not worth the model's time."""
        voiced = self._voice.of(audio)
        for number, part in enumerate(parted(len(audio), voiced)):
            voiced_s = seconds(voiced[part.start // WINDOW : -(-part.stop // WINDOW)])
            if voiced_s >= LEAST_VOICED_S:
                prompt = request["prompt"] if number == 0 else ""
                window = Window(
                    audio[part.start : part.stop],
                    voiced_s,
                    prompt,
                    request["expected"],
                    request["languages"],
                    request["partial"],
                )
                yield part.start / SAMPLE_RATE, window


def nothing(language: str) -> Head:
    return {"words": [], "on_script": None, "language": language, "dropped": []}


def add(answer: Head, window: Window, heard: Heard, offset_s: float) -> None:
    """A window's words to its learner's answer, or why they are not believed."""
    evidence = Evidence(heard.text, window.voiced_s, heard.no_speech, heard.mean_log_probability)
    if why := objection(evidence):
        answer["dropped"].append(why)
        return
    answer["language"] = heard.language
    answer["words"] += [
        {
            "word": word.word,
            "start": round(offset_s + word.start_s, 2),
            "end": round(offset_s + word.end_s, 2),
            "score": word.probability,
        }
        for word in heard.words
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gpu.whisper.recognition")
    parser.add_argument("--model", required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--batch", type=int, default=8)
    options = parser.parse_args()
    try:
        model = load(options.model, options.device, options.precision)
    except ModelMissing as error:
        sys.exit(str(error))
    recogniser = Recogniser(Whisper(model), options.batch)
    recogniser.warm()
    serve(recogniser.answer)


if __name__ == "__main__":
    main()
