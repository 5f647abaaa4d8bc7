import zlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from binenc_kit.errors import KitError
from binenc_kit.widgets.frames import LEVELS, ORIENTATIONS, checked_frames, first_bad, pack, plane, quantise, thinned
from tests.conftest import peak_bytes

finite = st.floats(-(2.0**100), 2.0**100, allow_nan=False, width=32)
shapes = st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 4))


def unpack(packed: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """What the browser does, written another way."""
    low, high = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(2, -1).astype(np.uint16)
    differences = (low | high << 8).reshape(shape)
    return np.cumsum(differences, axis=0, dtype=np.uint16).view(np.int16)


@given(arrays(np.float32, shapes, elements=finite))
def test_no_latent_loses_its_bit_or_more_than_a_step(latents: np.ndarray) -> None:
    values, scale = quantise(latents)
    assert np.array_equal(np.sign(values), np.sign(latents))
    assert np.abs(values).max() <= LEVELS
    step = scale[:, None, None] / LEVELS
    assert (np.abs(values * step - latents.astype(np.float64)) <= step * (1 + 1e-6)).all()


def test_quantising_holds_one_frame_at_a_time_in_float64() -> None:
    latents = np.ones((40, 500, 64), np.float32)
    result, frame = 2 * latents.size, 8 * latents[0].size
    assert result < peak_bytes(lambda: quantise(latents)) < result + 6 * frame


def test_each_frame_has_its_own_scale() -> None:
    values, scale = quantise(np.array([[[4.0, -2.0]], [[4e-9, -2e-9]], [[0.0, 0.0]]]))
    assert values.tolist() == [[[2047, -1024]], [[2047, -1024]], [[0, 0]]]
    assert scale.tolist() == [4.0, 4e-9, 0.0]


@given(arrays(np.int16, shapes))
def test_packed_frames_come_back_exactly(values: np.ndarray) -> None:
    assert np.array_equal(unpack(pack(values), values.shape), values)


def test_packing_leaves_what_it_packs_alone() -> None:
    values = np.arange(12, dtype=np.int16).reshape(3, 2, 2)
    pack(values)
    assert np.array_equal(values.ravel(), np.arange(12))


@pytest.mark.parametrize(("count", "most", "chosen"), [(1, 6, [0]), (3, 6, [0, 1, 2]), (11, 3, [0, 5, 10])])
def test_thinned_frames_hold_the_first_and_the_last(count: int, most: int, chosen: list[int]) -> None:
    assert thinned(count, most).tolist() == chosen


def test_orientations_turn_and_do_not_stretch() -> None:
    for rows in ORIENTATIONS.values():
        assert np.allclose(rows @ rows.T, np.eye(len(rows)), atol=0.01)


def test_the_tesseracts_vertices_are_seen_apart() -> None:
    corners = np.array(np.meshgrid(*[[-1, 1]] * 4)).reshape(4, -1).T @ ORIENTATIONS[4][:2].T
    apart = np.linalg.norm(corners[:, None] - corners, axis=2) + 9 * np.eye(16)
    assert apart.min() > 0.49 * np.abs(corners).max()


def test_the_plane_is_that_of_scikit_learn() -> None:
    from sklearn.decomposition import PCA

    latents = np.random.default_rng(0).normal(size=(2, 50, 5)) * [5, 1, 3, 0.5, 2]
    seen, reference = plane(latents), PCA(3).fit(latents[-1])
    assert np.allclose(np.abs(seen.basis.T), np.abs(reference.components_))
    assert np.allclose(seen.mean[-1], latents[-1].mean(axis=0) @ seen.basis)
    centred = reference.transform(latents[-1])
    assert np.isclose(seen.spread[-1], np.sqrt((centred**2).sum(axis=1).mean()))


def test_a_plane_of_one_sample_or_of_tiny_latents_is_finite() -> None:
    assert np.isfinite(plane(np.ones((1, 1, 3))).basis).all()
    tiny = plane(np.random.default_rng(0).normal(size=(2, 20, 4)) * 1e-200)
    assert np.allclose(tiny.basis.T @ tiny.basis, np.eye(3))
    assert tiny.spread[-1] > 0


def test_one_frame_a_list_of_frames_and_whole_numbers_are_welcome() -> None:
    assert checked_frames(np.ones((4, 2))).shape == (1, 4, 2)
    assert checked_frames([np.ones((4, 2))] * 3).shape == (3, 4, 2)
    assert checked_frames(np.ones((3, 4, 2), int)).dtype == np.float64


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_tensors_are_welcome_with_gradients_or_without_and_in_lists(kind: torch.dtype) -> None:
    latents = torch.ones(3, 4, 2, dtype=kind, requires_grad=True) * 0.5
    for frames in (latents, list(latents), tuple(latents.detach())):
        assert np.array_equal(checked_frames(frames), np.full((3, 4, 2), 0.5))


def test_the_first_bad_frame_is_found() -> None:
    frames = np.ones((4, 2, 2))
    assert first_bad(frames) is None
    frames[2:, 0, 0] = np.inf
    assert first_bad(frames) == 2


@pytest.mark.parametrize(
    ("latents", "sentence"),
    [
        ([], "no epochs to show yet"),
        ([torch.ones(3, 2), torch.ones(4, 2)], "the same samples in every epoch"),
        (torch.eye(3).to_sparse(), "do not become an array"),
        (np.ones(3), "latents of shape \\(3,\\) and type float64 do not fit"),
        (np.array([[["a"]]]), "must be numbers"),
        (np.ones((0, 4, 2)), "no epochs to show yet"),
        (np.ones((3, 0, 2)), "at least one sample"),
        ([np.ones((3, 2)), np.ones((4, 2))], "the same samples in every epoch"),
        (np.stack([np.ones((3, 2)), np.full((3, 2), np.nan)]), r"NaN or infinity in frame 2 of 2: .*latents\[:1\]"),
        (np.full((2, 3, 2), np.inf), "NaN or infinity in frame 1 of 2: train again"),
    ],
)
def test_latents_that_cannot_be_shown_get_a_sentence(latents: object, sentence: str) -> None:
    with pytest.raises(KitError, match=sentence):
        checked_frames(latents)
