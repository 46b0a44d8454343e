"""Sound in pieces is the sound of the whole, and transformers' sound."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BarkModel

from gpu.bark.codec import FIRST_FRAMES, FRAME_SAMPLES, Codec, Stream
from gpu.bark.weights import Bark

FRAMES = 90
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def theirs(folder: Path) -> BarkModel:
    return BarkModel.from_pretrained(folder).eval()


def codes(frames: int = FRAMES) -> torch.Tensor:
    return torch.randint(0, 1024, (8, frames), generator=torch.Generator().manual_seed(frames))


def decode(model: BarkModel, drawn: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return model.codec_decode(drawn[None]).flatten()


def in_pieces(codec: Codec, drawn: torch.Tensor, lengths: list[int]) -> torch.Tensor:
    stream = Stream()
    return torch.cat([codec.decode(piece, stream) for piece in drawn.split(lengths, dim=1)])


@pytest.mark.parametrize("frames", [1, 3, 6, 7, 8, FRAMES, 300])
def test_the_whole_is_what_transformers_decodes(bark: Bark, theirs: BarkModel, frames: int) -> None:
    expected = decode(theirs, codes(frames))
    made = bark.codec.decode(codes(frames), Stream())
    assert expected.abs().max() > 0.05
    assert made.shape == expected.shape == (frames * FRAME_SAMPLES,)
    assert torch.allclose(made, expected, rtol=0, atol=TOLERANCE)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(FIRST_FRAMES, 30),
    st.lists(st.integers(1, 40), max_size=10),
)
def test_pieces_of_any_length_join_to_the_whole(
    bark: Bark, theirs: BarkModel, first: int, rest: list[int]
) -> None:
    lengths = [first, *rest]
    drawn = codes(sum(lengths))
    made = in_pieces(bark.codec, drawn, lengths)
    assert torch.allclose(made, decode(theirs, drawn), rtol=0, atol=TOLERANCE)


def test_the_schedules_pieces_join_to_the_whole(bark: Bark, theirs: BarkModel) -> None:
    made = in_pieces(bark.codec, codes(300), [7, 15, 30, 60, 120, 68])
    assert torch.allclose(made, decode(theirs, codes(300)), rtol=0, atol=TOLERANCE)


def test_streams_do_not_hear_each_other(bark: Bark) -> None:
    one, two = codes(40), codes(41)
    streams = Stream(), Stream()
    pieces = [
        bark.codec.decode(drawn[:, :20], stream) for drawn, stream in zip((one, two), streams, strict=True)
    ]
    pieces = [
        torch.cat([piece, bark.codec.decode(drawn[:, 20:], stream)])
        for piece, drawn, stream in zip(pieces, (one, two), streams, strict=True)
    ]
    for piece, drawn in zip(pieces, (one, two), strict=True):
        assert torch.allclose(piece, in_pieces(bark.codec, drawn, [drawn.shape[1]]), rtol=0, atol=TOLERANCE)


def test_a_first_piece_too_short_for_its_padding_has_no_second(bark: Bark) -> None:
    stream = Stream()
    bark.codec.decode(codes(6), stream)
    with pytest.raises(ValueError, match="needs 7"):
        bark.codec.decode(codes(1), stream)
