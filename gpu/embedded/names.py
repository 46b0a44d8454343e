"""OpenAI's names for voices, and which of espeak-ng's stand for them."""

OPENAI_VOICES = {
    "alloy": "en-us",
    "ash": "en-us+m3",
    "ballad": "en-gb",
    "cedar": "en-us+m7",
    "coral": "en-us+f3",
    "echo": "en-us+m1",
    "fable": "en-gb+m3",
    "marin": "en-us+f2",
    "nova": "en-us+f4",
    "onyx": "en-us+m2",
    "sage": "en-gb+f2",
    "shimmer": "en-gb+f3",
    "verse": "en-gb+m1",
}
