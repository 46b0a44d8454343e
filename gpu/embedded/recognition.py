"""The pocketsphinx process: audio and the sentences expected in, words with their times and scores out."""

import itertools
import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pocketsphinx import Decoder, get_model_path

from gpu.embedded import acoustic, script
from gpu.embedded.acoustic import WIDTH, Floats
from gpu.embedded.child import Stop, serve
from gpu.embedded.grammar import add_grammar, add_words, open_place
from gpu.embedded.judge import Evidence, Judge, on_script, word_score
from gpu.embedded.pronunciation import in_dictionary, load_dictionary, phones_of
from gpu.embedded.script import Sentence
from gpu.embedded.voiced import Voiced
from gpu.pipe import Head, Message

GRAMMARS_KEPT = 16  # about 1 MB each
FRAME_S = 0.01
QUIETEST_PEAK = 200  # of 32768; people near a microphone peak ten times higher
ROOM_NOISE = 40  # root mean square, of 32768
FILLINGS = 5  # so many sentences alike but in one place make that place open
FRAME_WORDS = 2  # around an open place there must be so many words, or the sentence is judged whole
NOTHING: Head = {"words": [], "on_script": None}
MODELS = Path(get_model_path("en-us"))
BEAMS = {"beam": 1e-60, "pbeam": 1e-60, "wbeam": 1e-40}
# The lattice's best path leaves the grammar: without it whole sentences come out.
SETTINGS = {"hmm": str(MODELS / "en-us"), "cmn": "batch", "bestpath": False, "loglevel": "FATAL", **BEAMS}


@dataclass(frozen=True, slots=True)
class Spoken:
    word: str
    way: int  # which of its pronunciations, from 0
    start_s: float
    end_s: float

    def told(self, score: float | None) -> Head:
        return {"word": self.word, "start": self.start_s, "end": self.end_s, "score": score}


class Recogniser:
    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch  # the decoder gives its features as a file
        self._dictionary = load_dictionary(MODELS / "cmudict-en-us.dict")
        self._voiced = Voiced()
        self._judge = Judge(acoustic.load(MODELS / "en-us"))
        self._decoder = Decoder(dict=None, lm=None, mfclogdir=str(scratch), **SETTINGS)
        self._grammars: OrderedDict[tuple[Sentence, ...], str] = OrderedDict()  # their names in the decoder
        self._numbers = itertools.count(1)
        self._open: Decoder | None = None

    def answer(self, head: Head, body: bytes, stop: Stop) -> Iterator[Message]:
        """`phonemes` are espeak's, of words that an earlier answer named as unknown."""
        self.learn(head.get("phonemes", {}))
        sentences = script.what_follows(head["prompt"], script.sentences_of(head["expected"]))
        unknown = self.look_up({word for words in sentences for word in words})
        if unknown:
            yield {"unknown": unknown}, b""
        elif stop or is_quiet(body) or not self._voiced.has_voice(body):
            yield NOTHING, b""
        else:
            spoken = self.hear(body, sentences)
            judged = bool(sentences) and not head["partial"] and not stop
            found = self.judge(spoken, sentences) if judged else _unjudged(spoken)
            self._forget()
            yield found, b""

    def learn(self, phonemes: dict[str, str]) -> None:
        for word, mnemonics in phonemes.items():
            self._dictionary.setdefault(word, [phones_of(mnemonics)])

    def hear(self, pcm: bytes, sentences: tuple[Sentence, ...]) -> list[Spoken]:
        self._forget()
        return heard(self._listening_for(sentences) if sentences else self._open_decoder(), pcm)

    def judge(self, spoken: list[Spoken], sentences: tuple[Sentence, ...]) -> Head:
        evidence = self.evidence(spoken) if spoken else None
        if evidence is None:
            return NOTHING
        apart = words_apart(spoken, sentences)
        words = [one.told(word_score(evidence, number)) for number, one in enumerate(spoken)]
        return {"words": words, "on_script": on_script(evidence, apart)}

    def evidence(self, spoken: list[Spoken]) -> Evidence | None:
        """For the words, in what was heard last."""
        phones = [self._dictionary[one.word][one.way].split() for one in spoken]
        return self._judge.evidence(self._cepstra(), phones)

    def look_up(self, words: set[str]) -> list[str]:
        """Those for which no pronunciation can be found."""
        unknown: list[str] = []
        for word in sorted(words):
            if ways := in_dictionary(self._dictionary, word):
                self._dictionary[word] = ways
            else:
                unknown.append(word)
        return unknown

    def _listening_for(self, sentences: tuple[Sentence, ...]) -> Decoder:
        """The decoder, with these for its grammar. Its dictionary keeps the words of all that it has had."""
        if sentences in self._grammars:
            self._grammars.move_to_end(sentences)
        else:
            self._grammars[sentences] = self._teach(sentences)
        if len(self._grammars) > GRAMMARS_KEPT:
            self._decoder.remove_search(self._grammars.popitem(last=False)[1])
        self._decoder.activate_search(self._grammars[sentences])
        return self._decoder

    def _teach(self, sentences: tuple[Sentence, ...]) -> str:
        """The new grammar's name."""
        words = dict.fromkeys(word for sentence in sentences for word in sentence)
        pronunciations = {word: self._dictionary[word] for word in words}
        name = f"expected {next(self._numbers)}"
        add_words(self._decoder, pronunciations)
        add_grammar(self._decoder, name, sentences, pronunciations)
        return name

    def _open_decoder(self) -> Decoder:
        """Dictation without a lesson: the general model, loaded when first asked for."""
        if self._open is None:
            self._open = Decoder(cmn="batch", loglevel="FATAL")
        return self._open

    def _forget(self) -> None:
        """No voice's features stay in the folder: the next one to speak may be somebody else."""
        for file in self._scratch.glob("*.mfc"):
            file.unlink()

    def _cepstra(self) -> Floats:
        """What the decoder heard last, [T, 13]."""
        file = next(self._scratch.glob("*.mfc"))
        return np.frombuffer(file.read_bytes(), ">f4", offset=4).reshape(-1, WIDTH).astype(np.float32)


def words_apart(spoken: list[Spoken], sentences: tuple[Sentence, ...]) -> range:
    """Those of a name or the like, which may be another than the lesson knows."""
    place = open_place(tuple(one.word for one in spoken), sentences, fillings=FILLINGS)
    return place if len(spoken) - len(place) >= FRAME_WORDS else range(0)


def _unjudged(spoken: list[Spoken]) -> Head:
    return {"words": [one.told(None) for one in spoken], "on_script": None}


def is_quiet(pcm: bytes) -> bool:
    return int(np.abs(np.frombuffer(pcm, np.int16).astype(np.int32)).max(initial=0)) < QUIETEST_PEAK


def heard(decoder: Decoder, pcm: bytes) -> list[Spoken]:
    """A whole sentence of the grammar; or, while it is still being spoken, the beginning of one."""
    decoder.reinit_feat()  # the noise that it has learnt is another voice's room
    decoder.start_utt()
    try:
        decoder.process_raw(in_a_room(pcm), full_utt=True)
        begun = spoken_words(decoder)
    finally:
        decoder.end_utt()
    return spoken_words(decoder) or begun


def in_a_room(pcm: bytes) -> bytes:
    """Noise suppression leaves exact zeros, and the mean of features with their logarithms fits no speech.

    A room has no such silence. The noise is the same each time, so that answers can be repeated.
    """
    samples = np.frombuffer(pcm, np.int16)
    noise = np.random.default_rng(0).normal(0, ROOM_NOISE, len(samples))
    return np.clip(samples + noise, -32768, 32767).astype(np.int16).tobytes()


def spoken_words(decoder: Decoder) -> list[Spoken]:
    """Without silences and noises."""
    if decoder.hyp() is None:
        return []
    words: list[Spoken] = []
    for segment in decoder.seg():
        word, _, way = segment.word.partition("(")
        if word and word[0] not in "<[":
            times = round(segment.start_frame * FRAME_S, 2), round((segment.end_frame + 1) * FRAME_S, 2)
            words.append(Spoken(word, int(way[:-1]) - 1 if way else 0, *times))
    return words


def main() -> None:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="atom-", dir=memory if memory.is_dir() else None) as scratch:
        serve(Recogniser(Path(scratch)).answer)


if __name__ == "__main__":
    main()
