"""The pocketsphinx process: audio and the sentences expected in, words with their times out."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

from pocketsphinx import Decoder, get_model_path

from gpu.embedded import script
from gpu.embedded.child import Stop, serve
from gpu.embedded.pronunciation import load_dictionary, phones_of
from gpu.pipe import Head, Message

DECODERS_KEPT = 16  # about 10 MB each
FRAME_S = 0.01
MODELS = Path(get_model_path("en-us"))


class Recogniser:
    def __init__(self) -> None:
        self._dictionary = load_dictionary(MODELS / "cmudict-en-us.dict")
        self._decoders: OrderedDict[tuple[str, ...], Decoder] = OrderedDict()
        self._open: Decoder | None = None

    def answer(self, head: Head, body: bytes, stop: Stop) -> Iterator[Message]:
        """`phonemes` are espeak's, of words that an earlier answer named as unknown."""
        for word, mnemonics in head.get("phonemes", {}).items():
            self._dictionary.setdefault(word, [phones_of(mnemonics)])
        sentences = script.sentences_of(head["expected"])
        unknown = sorted({word for words in sentences for word in words if word not in self._dictionary})
        if unknown:
            yield {"unknown": unknown}, b""
            return
        decoder = self._decoder_for(sentences) if sentences else self._open_decoder()
        if stop:
            return
        decode(decoder, body)
        yield {"words": spoken_words(decoder), "on_script": None}, b""

    def _decoder_for(self, sentences: tuple[tuple[str, ...], ...]) -> Decoder:
        key = tuple(" ".join(words) for words in sentences)
        if key in self._decoders:
            self._decoders.move_to_end(key)
            return self._decoders[key]
        decoder = self._decoders[key] = self._build(sentences)
        if len(self._decoders) > DECODERS_KEPT:
            self._decoders.popitem(last=False)
        return decoder

    def _build(self, sentences: Sequence[tuple[str, ...]]) -> Decoder:
        words = dict.fromkeys(word for sentence in sentences for word in sentence)
        with script.scratch_folder() as folder:
            model, dictionary = Path(folder, "expected.arpa"), Path(folder, "expected.dict")
            script.write_language_model(sentences, model)
            script.write_dictionary({word: self._dictionary[word] for word in words}, dictionary)
            return Decoder(
                hmm=str(MODELS / "en-us"), dict=str(dictionary), lm=str(model), cmn="batch", loglevel="FATAL"
            )

    def _open_decoder(self) -> Decoder:
        """Dictation without a lesson: the general model, loaded when first asked for."""
        if self._open is None:
            self._open = Decoder(cmn="batch", loglevel="FATAL")
        return self._open


def decode(decoder: Decoder, pcm: bytes) -> None:
    decoder.start_utt()
    try:
        decoder.process_raw(pcm, full_utt=True)
    finally:
        decoder.end_utt()


def spoken_words(decoder: Decoder) -> list[Head]:
    """Words with their times in seconds, without silences and noises."""
    if decoder.hyp() is None:
        return []
    return [
        {
            "word": segment.word.partition("(")[0],
            "start": segment.start_frame * FRAME_S,
            "end": (segment.end_frame + 1) * FRAME_S,
        }
        for segment in decoder.seg()
        if segment.word[0] not in "<["
    ]


if __name__ == "__main__":
    serve(Recogniser().answer)
