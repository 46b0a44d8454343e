"""The silence between what is said and what is said next, as the punctuation wants it."""

NEW_LINE_MS = 500
SENTENCE_MS = 300
COLON_MS = 200
COMMA_MS = 120
WORD_MS = 60  # where nothing but a length that no voice can say divided the text

_PAUSES = {
    **dict.fromkeys(".!?…", SENTENCE_MS),
    **dict.fromkeys(";:—–", COLON_MS),
    ",": COMMA_MS,
}
_CLOSING = "\"'”’»)] "


def pause_ms(before: str, *, new_line: bool) -> int:
    """Between `before` and a text that stands in the same or in another line."""
    if new_line:
        return NEW_LINE_MS
    return _PAUSES.get(before.rstrip(_CLOSING)[-1:], WORD_MS)
