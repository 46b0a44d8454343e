"""Windows of many learners through Whisper together: one encoding, one decoding, one alignment."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import ctranslate2
import numpy as np
from ctranslate2 import StorageView
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import merge_punctuations
from numpy.typing import NDArray

from gpu.decode import SAMPLE_RATE, Samples
from gpu.whisper import language
from gpu.whisper.prompts import bias
from gpu.whisper.windows import LONGEST

FRAMES = 3000  # real weights were trained on padded windows of 30 s and on no other length
SAMPLES_A_FRAME = 160
# By seconds of audio: more than anybody says, so that a loop ends soon. Few, as they are decoded apart.
MOST_TOKENS = {4: 64, 10: 128, 30: 224}
FINAL_BEAM = 5
# Punctuation belongs to the word beside it: the marks of the languages that learners speak.
BEFORE, BEHIND = "\"'“¿([{-", "\"'.,!?:”)]}"


@dataclass(frozen=True, slots=True)
class Window:
    """A learner's audio, int16 [n] of at most 30 s, and what is known about it."""

    audio: Samples
    voiced_s: float
    prompt: str = ""
    expected: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=lambda: ["en"])
    partial: bool = False

    @property
    def most_tokens(self) -> int:
        return next(most for s, most in MOST_TOKENS.items() if len(self.audio) <= s * SAMPLE_RATE)


@dataclass(frozen=True, slots=True)
class Word:
    word: str
    start_s: float
    end_s: float
    probability: float


@dataclass(slots=True)
class Heard:
    language: str
    tokens: list[int]
    text: str
    no_speech: float
    mean_log_probability: float
    words: list[Word] = field(default_factory=list)


class Whisper:
    def __init__(self, model: WhisperModel) -> None:
        self._model = model
        self._tokenizers: dict[str, Tokenizer] = {}

    def hear(self, windows: list[Window]) -> list[Heard]:
        """What each window says, whatever else is beside it."""
        encoded = self._model.encode(np.stack([self._features(window) for window in windows]))
        languages = self._languages(windows, encoded)
        heard: dict[int, Heard] = {}
        prompts = [self._bias(window) for window in windows]
        kinds = [
            (len(prompt), window.partial, window.most_tokens)
            for prompt, window in zip(prompts, windows, strict=True)
        ]
        for places in _alike(kinds):
            part = _rows(encoded, places, len(windows))
            heard |= self._decode(windows, prompts, languages, places, part)
        for places in _alike(languages):
            self._align(windows, heard, places, _rows(encoded, places, len(windows)))
        return [heard[place] for place in range(len(windows))]

    def knows(self, code: str) -> bool:
        if not self._model.model.is_multilingual:
            return code == "en"
        return self._model.hf_tokenizer.token_to_id(f"<|{code}|>") is not None

    def _features(self, window: Window) -> NDArray[np.float32]:
        sound = np.zeros(LONGEST, np.float32)
        sound[: len(window.audio)] = window.audio / np.float32(32768)
        return self._model.feature_extractor(sound)[:, :FRAMES]

    def _languages(self, windows: list[Window], encoded: StorageView) -> list[str]:
        if not self._model.model.is_multilingual:
            return ["en"] * len(windows)
        asked = [language.needs_asking(window.languages, window.voiced_s) for window in windows]
        if not any(asked):
            return [window.languages[0] for window in windows]
        found = self._model.model.detect_language(encoded)
        return [
            language.chosen(window.languages, {token[2:-2]: share for token, share in shares})
            if ask
            else window.languages[0]
            for window, ask, shares in zip(windows, asked, found, strict=True)
        ]

    def _bias(self, window: Window) -> list[int]:
        return bias(window.prompt, window.expected, self._tokenizer("en").encode)

    def _decode(
        self,
        windows: list[Window],
        prompts: list[list[int]],
        languages: list[str],
        places: list[int],
        encoded: StorageView,
    ) -> dict[int, Heard]:
        starts = [self._start(prompts[place], languages[place]) for place in places]
        most = windows[places[0]].most_tokens
        results = self._model.model.generate(
            encoded,
            starts,
            beam_size=1 if windows[places[0]].partial else FINAL_BEAM,
            max_length=max(2 * most, len(starts[0]) + most),  # half of it, or what the start leaves, is text
            suppress_tokens=self._unsayable(),
            return_scores=True,
            return_no_speech_prob=True,
        )
        return {
            place: self._heard(languages[place], result)
            for place, result in zip(places, results, strict=True)
        }

    def _start(self, prompt: list[int], code: str) -> list[int]:
        tokenizer = self._tokenizer(code)
        before = [tokenizer.sot_prev, *prompt] if prompt else []
        return [*before, *tokenizer.sot_sequence, tokenizer.no_timestamps]

    def _heard(self, code: str, result: Any) -> Heard:
        tokens = result.sequences_ids[0]
        text = self._tokenizer(code).decode(tokens)
        return Heard(code, tokens, text, result.no_speech_prob, result.scores[0])

    def _align(
        self, windows: list[Window], heard: dict[int, Heard], places: list[int], encoded: StorageView
    ) -> None:
        tokenizer = self._tokenizer(heard[places[0]].language)
        frames = [max(2, len(windows[place].audio) // SAMPLES_A_FRAME) for place in places]
        tokens = [heard[place].tokens for place in places]
        align: Any = self._model.find_alignment  # it takes the frames of each, whatever its types say
        found = align(tokenizer, tokens, encoded, frames)
        for place, alignment in zip(places, found, strict=True):
            merge_punctuations(alignment, BEFORE, BEHIND)
            heard[place].words = list(_words(alignment, len(windows[place].audio) / SAMPLE_RATE))

    def _unsayable(self) -> list[int]:
        """The model's own list of what is no speech, and the signs that steer it; no fillers."""
        tokenizer = self._tokenizer("en")
        signs = [
            tokenizer.transcribe,
            tokenizer.translate,
            tokenizer.sot,
            tokenizer.sot_prev,
            tokenizer.sot_lm,
        ]
        signs.append(tokenizer.no_speech)
        return [-1, *(sign for sign in signs if sign is not None)]

    def _tokenizer(self, code: str) -> Tokenizer:
        if code not in self._tokenizers:
            multilingual = self._model.model.is_multilingual
            self._tokenizers[code] = Tokenizer(self._model.hf_tokenizer, multilingual, "transcribe", code)
        return self._tokenizers[code]


def _alike(kinds: Iterable[Any]) -> list[list[int]]:
    places: dict[Any, list[int]] = defaultdict(list)
    for place, kind in enumerate(kinds):
        places[kind].append(place)
    return list(places.values())


def _rows(encoded: StorageView, places: list[int], count: int) -> StorageView:
    """Some windows of an encoding; CTranslate2 has no slices of its own."""
    if len(places) == count:
        return encoded
    here = encoded.to(ctranslate2.DataType.float32).to_device(ctranslate2.Device.cpu)
    return StorageView.from_array(np.ascontiguousarray(np.asarray(here)[places]))


def _words(alignment: list[dict[str, Any]], duration_s: float) -> Iterable[Word]:
    earliest = 0.0
    for one in alignment:
        if text := one["word"].strip():
            start = min(max(float(one["start"]), earliest), duration_s)
            earliest = min(max(float(one["end"]), start), duration_s)
            yield Word(text, round(start, 2), round(earliest, 2), round(float(one["probability"]), 3))
