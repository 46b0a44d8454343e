"""The sentences expected as a grammar: whole sentences only, their common beginnings shared."""

from collections.abc import Mapping, Sequence

from pocketsphinx import Decoder, FsgModel

Sentence = tuple[str, ...]

LANGUAGE_WEIGHT = 6.5
SILENCE_PROBABILITY = 0.005


class Tree:
    """Every sentence is a way from node 0 to a node that ends one."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self.nexts: list[dict[str, int]] = [{}]
        self.ends: set[int] = set()
        for sentence in sentences:
            node = 0
            for word in sentence:
                node = self.nexts[node].setdefault(word, len(self.nexts))
                if node == len(self.nexts):
                    self.nexts.append({})
            self.ends.add(node)


def add_words(decoder: Decoder, pronunciations: Mapping[str, Sequence[str]]) -> None:
    """To its dictionary, those that it has not."""
    for word, ways in pronunciations.items():
        if decoder.lookup_word(word) is None:
            for number, phones in enumerate(ways, 1):
                decoder.add_word(_way(word, number), phones, update=False)


def add_grammar(
    decoder: Decoder, name: str, sentences: Sequence[Sentence], pronunciations: Mapping[str, Sequence[str]]
) -> None:
    """As one of its searches; its dictionary must hold all words."""
    tree = Tree(sentences)
    end = len(tree.nexts)
    grammar = FsgModel(name, decoder.get_logmath(), LANGUAGE_WEIGHT, end + 1)
    words = {word: grammar.word_add(word) for sentence in sentences for word in sentence}
    for node, nexts in enumerate(tree.nexts):
        for word, following in nexts.items():
            grammar.trans_add(node, following, 0, words[word])
    for node in tree.ends:
        grammar.null_trans_add(node, end, 0)
    grammar.set_start_state(0)
    grammar.set_final_state(end)
    for word in words:
        for number in range(2, len(pronunciations[word]) + 1):
            grammar.add_alt(word, _way(word, number))
    grammar.add_silence("<sil>", -1, SILENCE_PROBABILITY)
    decoder.add_fsg(name, grammar)


def _way(word: str, number: int) -> str:
    return word if number == 1 else f"{word}({number})"


def open_place(sentence: Sentence, sentences: Sequence[Sentence], *, fillings: int) -> range:
    """Where so many other sentences differ from this one, alike in the rest: a name, a number, a place."""
    counts: dict[tuple[int, int], int] = {}
    for other in sentences:
        first = _common(sentence, other)
        last = min(_common(sentence[::-1], other[::-1]), len(sentence) - first, len(other) - first)
        if first < len(sentence) - last and first < len(other) - last:
            span = first, len(sentence) - last
            counts[span] = counts.get(span, 0) + 1
    spans = [span for span, count in counts.items() if count >= fillings]
    return range(*min(spans, key=lambda span: span[1] - span[0])) if spans else range(0)


def _common(one: Sentence, other: Sentence) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
