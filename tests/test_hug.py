import itertools
import math
import time

import pytest
import torch
from torch import Tensor

from binenc_kit.errors import KitError
from binenc_kit.hug import (
    FORMS,
    NEAREST,
    PUSHES,
    REDUCTIONS,
    directions,
    hug_terms,
    max_pull,
    mean_pull,
    mgd,
    mhe,
    mhs,
    require_distinct,
    require_room,
)
from binenc_kit.measures.uniformity import best_energy, gram_logdet, riesz_energy, separation, unit

PAIR = torch.tensor([[1.0, 0], [-1, 0]], dtype=torch.float64)
TRIANGLE = torch.tensor([[1, 0], [-0.5, math.sqrt(0.75)], [-0.5, -math.sqrt(0.75)]], dtype=torch.float64)
every_form = pytest.mark.parametrize("form", FORMS)
every_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def example(C: int = 4, P: int = 3, N: int = 12, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Proxies and latents in float64, and labels that leave the last class out."""
    labels = torch.randint(C - 1, (N,), generator=torch.Generator().manual_seed(seed))
    return normal(C, P, seed=seed).requires_grad_(), normal(N, P, seed=seed + 1).requires_grad_(), labels


def by_hand(proxies: Tensor, z: Tensor, labels: Tensor, form: str, reduction: str) -> tuple[float, float]:
    """The formulas, number by number."""
    u, x = ([[v / math.hypot(*row) for v in row] for row in rows.tolist()] for rows in (proxies, z))
    apart = [math.dist(a, b) for a, b in itertools.combinations(u, 2)]
    away = {c: [math.dist(x[i], u[c]) for i, y in enumerate(labels.tolist()) if y == c] for c in range(len(u))}
    away = [distances for distances in away.values() if distances]
    classes = [max(distances) if form == "mhs" else sum(distances) / len(distances) for distances in away]
    if form == "mhe":
        push = sum(d**-2 for d in apart) / (len(apart) if reduction == "mean" else 1)
    elif form == "mhs":
        push = -min(apart)
    else:
        push = -gram_logdet(u) / (len(u) if reduction == "mean" else 1)
    return push, sum(classes) / (len(classes) if reduction == "mean" else 1)


@every_form
@every_reduction
@pytest.mark.parametrize("seed", range(5))
def test_the_terms_are_those_of_plain_loops(form: str, reduction: str, seed: int) -> None:
    proxies, z, labels = example(C=3 + seed, P=2 + seed, seed=seed)
    terms = [term.item() for term in hug_terms(proxies, z, labels, form, reduction)]
    assert terms == pytest.approx(by_hand(proxies, z, labels, form, reduction), rel=1e-3 if form == "mgd" else 1e-12)


def test_pushes_of_proxies_known_by_hand() -> None:
    assert mhe(PAIR).item() == 0.25  # two opposite points, 2 apart
    assert mhs(PAIR).item() == -2
    assert mgd(PAIR, "sum").item() == pytest.approx(-math.log(1 - math.exp(-8)), abs=3e-6)
    assert mhe(TRIANGLE).item() == pytest.approx(1 / 3)  # three sides of sqrt(3)
    assert mhe(TRIANGLE, "sum").item() == pytest.approx(1)
    assert mhs(TRIANGLE).item() == mhs(TRIANGLE, "sum").item() == pytest.approx(-math.sqrt(3))
    # G has the eigenvalues 1 + 2 e and 1 - e twice, e = exp(-3 epsilon^2)
    e = math.exp(-12)
    determinant = (1 + 2 * e) * (1 - e) ** 2
    assert mgd(TRIANGLE, "sum", epsilon=2, jitter=1e-12).item() == pytest.approx(-math.log(determinant), abs=5e-12)
    assert mgd(TRIANGLE).item() == pytest.approx(mgd(TRIANGLE, "sum").item() / 3)
    assert mhe(directions(torch.eye(10) - 0.1)).item() == pytest.approx(best_energy(10, 9, 2), rel=1e-6)


def test_pulls_of_samples_known_by_hand() -> None:
    up, right, left = [0.0, 1], [1.0, 0], [-1.0, 0]
    x, labels = torch.tensor([right, up, left, right]), torch.tensor([0, 0, 0, 2])
    u = torch.tensor([right, left, left])  # distances 0, sqrt 2 and 2 in class 0, 2 in class 2
    mean = (0 + math.sqrt(2) + 2) / 3
    assert mean_pull(u, x, labels).item() == pytest.approx((mean + 2) / 2)
    assert mean_pull(u, x, labels, "sum").item() == pytest.approx(mean + 2)
    assert max_pull(u, x[:2], labels[:2]).item() == max_pull(u, x[:2], labels[:2], "sum").item()
    assert max_pull(u, x[:2], labels[:2]).item() == pytest.approx(math.sqrt(2))
    assert max_pull(u, x, labels, "sum").item() == 4


@pytest.mark.parametrize("seed", range(3))
def test_the_pushes_agree_with_the_measures(seed: int) -> None:
    u = directions(normal(7, 4, seed=seed))
    assert mhe(u).item() == pytest.approx(riesz_energy(u, 2))
    assert mhs(u).item() == pytest.approx(-separation(u))
    assert mgd(u, "sum", epsilon=2, jitter=1e-15).item() == pytest.approx(-gram_logdet(u, 2))


@every_form
@every_reduction
def test_gradients_are_those_of_finite_differences(form: str, reduction: str) -> None:
    proxies, z, labels = example()
    fixed = proxies.detach()
    assert torch.autograd.gradcheck(lambda w: hug_terms(w, z.detach(), labels, form, reduction)[0], (proxies,))
    assert torch.autograd.gradcheck(lambda z: hug_terms(fixed, z, labels, form, reduction)[1], (z,))
    if form == "mhs":
        assert torch.autograd.gradcheck(lambda w: hug_terms(w, z.detach(), labels, form, reduction)[1], (proxies,))
    assert torch.autograd.gradcheck(directions, (proxies,))


@every_form
def test_who_feels_which_term(form: str) -> None:
    proxies, z, labels = example()
    push, pull = hug_terms(proxies, z, labels, form)
    assert torch.autograd.grad(push, z, retain_graph=True, allow_unused=True) == (None,)
    assert torch.autograd.grad(push, proxies, retain_graph=True)[0].abs().max() > 0.01
    reached = torch.autograd.grad(pull, (proxies, z), allow_unused=True)
    assert reached[1].abs().max() > 0.01
    assert (reached[0] is not None) == (form == "mhs")  # elsewhere the gradient to the proxies is stopped


@every_form
@every_reduction
def test_rotation_size_and_order_do_not_matter(form: str, reduction: str) -> None:
    proxies, z, labels = example()
    expected = [term.item() for term in hug_terms(proxies, z, labels, form, reduction)]
    turn = torch.linalg.qr(normal(3, 3, seed=9))[0]
    classes, samples = torch.tensor([2, 0, 3, 1]), torch.randperm(12, generator=torch.Generator().manual_seed(3))
    sizes = torch.tensor([1e-9, 1e-3, 1, 1e9], dtype=torch.float64)[:, None]
    for terms in (
        hug_terms(proxies @ turn, z @ turn, labels, form, reduction),
        hug_terms(proxies * sizes, z * sizes.repeat(3, 1), labels, form, reduction),
        hug_terms(proxies[classes], z[samples], classes.argsort()[labels[samples]], form, reduction),
    ):
        assert [term.item() for term in terms] == pytest.approx(expected, rel=1e-9)


def test_directions_at_any_size() -> None:
    x = torch.tensor([[3.0, -4]])
    for size in (1e-17, 1e-3, 1, 1e37):
        assert directions(x * size).tolist()[0] == pytest.approx([0.6, -0.8])
    assert directions(x.bfloat16()).dtype == torch.float32
    assert directions(x.double()).dtype == torch.float64
    for broken in (math.nan, math.inf):  # a run that broke down must show
        assert directions(torch.tensor([[1.0, broken]])).isnan().any()


@every_form
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("size", [0, 1e-38, 1e-30, 1e-17, 1e37])
def test_zero_tiny_and_huge_vectors_stay_finite(form: str, dtype: torch.dtype, size: float) -> None:
    proxies, z, labels = example()
    proxies, z = proxies.detach().to(dtype).requires_grad_(), (z.detach() * size).to(dtype).requires_grad_()
    terms = hug_terms(proxies, z, labels, form)
    sum(terms).backward()
    assert all(term.isfinite() and term.dtype == torch.promote_types(dtype, torch.float32) for term in terms)
    assert proxies.grad.isfinite().all()
    assert z.grad.isfinite().all()
    if size < 1e-18:
        assert terms[1].item() == pytest.approx(1, abs=1e-6)  # the origin is 1 from every proxy
        assert not z.grad.any()


@every_form
@every_reduction
def test_coincident_vectors_stay_finite(form: str, reduction: str) -> None:
    proxies = torch.tensor([[1.0, 0, 0], [2, 0, 0], [0, 1, 0], [0, 1, 1e-4]], requires_grad=True)
    z = torch.tensor([[3.0, 0, 0], [0, 5, 0]], requires_grad=True)  # each on its proxy
    push, pull = hug_terms(proxies, z, torch.tensor([0, 2]), form, reduction)
    (push + pull).backward()
    assert push.isfinite()
    assert pull.item() == 0
    assert proxies.grad.isfinite().all()
    assert not z.grad.any()
    assert (proxies.grad.square().isfinite()).all()  # Adam squares it


def test_how_much_coincident_proxies_cost() -> None:
    u = torch.tensor([[1.0, 0], [1, 0]])
    assert mhe(u).item() == pytest.approx(NEAREST**-2)
    assert mhs(u).item() == 0
    assert mgd(u, "sum", jitter=1e-6).item() == pytest.approx(-math.log(2e-6), rel=1e-4)


@every_form
@every_reduction
def test_one_class_and_one_sample(form: str, reduction: str) -> None:
    proxies, z, _ = example()
    one = torch.full((12,), 2)
    pull = hug_terms(proxies, z, one, form, reduction)[1].item()
    assert pull == pytest.approx(by_hand(proxies, z, one, form, reduction)[1])
    alone = hug_terms(proxies, z[:1], one[:1], form, reduction)[1].item()
    assert alone == pytest.approx((directions(z)[0] - directions(proxies)[2]).norm().item())


@every_form
def test_a_line_is_a_sphere_of_two_points(form: str) -> None:
    proxies = torch.tensor([[0.3], [-2.0]], requires_grad=True)
    push, pull = hug_terms(proxies, torch.tensor([[5.0], [5.0]]), torch.tensor([0, 1]), form, "sum")
    push.backward()
    assert pull.item() == 2
    assert proxies.grad.tolist() == [[0], [0]]  # there is nowhere to go
    if form == "mhe":
        assert push.item() == 0.25


@every_form
def test_autocast_changes_nothing(form: str) -> None:
    proxies, z, labels = normal(4, 3, dtype=torch.float32), normal(12, 3, seed=1, dtype=torch.float32), example()[2]
    expected = hug_terms(proxies, z, labels, form)
    with torch.autocast("cpu", torch.bfloat16):
        assert hug_terms(proxies, z, labels, form) == expected


@every_form
def test_float32_knows_tiny_distances(form: str) -> None:
    u = directions(torch.tensor([[1.0, 0], [1, 2e-5], [-1, 0]]))
    x = directions(torch.tensor([[1.0, 1e-5]]))
    pull = hug_terms(u, x, torch.tensor([0]), form)[1]
    assert pull.item() == pytest.approx(1e-5, rel=1e-2)  # the matrix product would say 0 or 3e-4
    assert mhs(u).item() == pytest.approx(-2e-5, rel=1e-2)


@every_form
def test_a_hundred_classes_are_quick(form: str) -> None:
    proxies = normal(100, 64, dtype=torch.float32).requires_grad_()
    z, labels = normal(512, 64, seed=1, dtype=torch.float32).requires_grad_(), torch.arange(512) % 100
    start = time.perf_counter()
    for _ in range(10):
        sum(hug_terms(proxies, z, labels, form)).backward()
    assert time.perf_counter() - start < 2


def descend(form: str, C: int, P: int, seed: int = 0) -> Tensor:
    """Where the push alone takes random proxies."""
    proxies = normal(C, P, seed=seed, dtype=torch.float32).requires_grad_()
    steps = 1000 if form == "mhs" else 400
    optimizer = torch.optim.Adam([proxies], lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        PUSHES[form](directions(proxies)).backward()
        torch.nn.utils.clip_grad_norm_([proxies], 1)  # or MHE's first steps would blind Adam for the others
        optimizer.step()
        schedule.step()
    return proxies.detach()


@every_form
@pytest.mark.parametrize(("C", "P"), [(4, 3), (10, 9)])
def test_the_push_alone_makes_a_simplex(form: str, C: int, P: int) -> None:
    u = directions(descend(form, C, P))
    cosines = (u @ u.T)[~torch.eye(C, dtype=torch.bool)]
    assert cosines.tolist() == pytest.approx([-1 / (C - 1)] * len(cosines), abs=1e-2)


@every_form
@pytest.mark.parametrize(("P", "s"), [(2, 2), (3, 1), (5, 2)])  # decagon, Thomson's ten points, cross-polytope
def test_where_no_simplex_fits_the_push_comes_near_the_best(form: str, P: int, s: float) -> None:
    assert riesz_energy(unit(descend(form, 10, P)), s) < 1.05 * best_energy(10, P, s)


@every_form
def test_both_terms_together_collapse_the_samples_on_a_simplex(form: str) -> None:
    proxies, z = normal(4, 3).requires_grad_(), normal(40, 3, seed=1).requires_grad_()
    labels = torch.arange(40) % 4
    optimizer = torch.optim.Adam([proxies, z], lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 300)
    for _ in range(300):
        optimizer.zero_grad()
        push, pull = hug_terms(proxies, z, labels, form)
        (push + 0.1 * pull).backward()
        optimizer.step()
        schedule.step()
    cosines = directions(z.detach()) @ directions(proxies.detach()).T
    expected = torch.full((40, 4), -1 / 3, dtype=torch.float64).scatter(1, labels[:, None], 1)
    assert (cosines - expected).abs().max() < 0.05


def test_too_little_room_gets_one_sentence() -> None:
    require_room(2, 1)
    require_room(100, 2)
    for C, P, expected in ((3, 1, "2 points for 3 classes: use P >= 2"), (1, 5, "2 or more"), (2, 0, "use P >= 1")):
        with pytest.raises(KitError, match=expected):
            require_room(C, P)


@pytest.mark.parametrize(
    ("proxies", "expected"),
    [
        ([[1.0, 0], [0, 1], [3, 3], [1, 1]], "classes 2 and 3 have one direction"),
        ([[1.0, 0], [0, 1], [1, 1e-8]], "classes 0 and 2"),
        ([[1.0, 0], [0, 0], [0, 0]], "class 1 is zero"),
        ([[1.0, 0], [0, math.nan]], "NaN"),
        ([[1.0, 0]], "C at least 2"),
    ],
)
def test_proxies_that_cannot_part_get_one_sentence(proxies: list[list[float]], expected: str) -> None:
    require_distinct(torch.tensor([[1.0, 0], [-1, 0], [1, 1e-5]]))
    with pytest.raises(KitError, match=expected):
        require_distinct(torch.tensor(proxies))


def test_what_does_not_fit_gets_one_sentence() -> None:
    proxies, z, labels = example()
    for bad, expected in (
        ((proxies, z, labels, "mh"), "did you mean mh"),
        ((proxies, z, labels, "mhe", "max"), "allowed are mean, sum"),
        ((proxies[:1], z, labels, "mhe"), "C at least 2"),
        ((proxies, z[:, :2], labels, "mhe"), r"must be \(C, P\), \(N, P\)"),
        ((proxies, z, labels[:3], "mgd"), r"must be \(C, P\), \(N, P\)"),
        ((proxies, z[:0], labels[:0], "mhs"), "N at least 1"),
    ):
        with pytest.raises(KitError, match=expected):
            hug_terms(*bad)
    for settings in ({"epsilon": 0}, {"jitter": 0}, {"epsilon": math.nan}):
        with pytest.raises(KitError, match="above 0"):
            mgd(PAIR, **settings)
