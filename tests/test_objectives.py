import pytest
import torch

from binenc_kit.config import RunConfig
from binenc_kit.objectives import PENALTIES, gamma_at, push_and_pull


def test_push_and_pull_of_numbers_known_by_hand() -> None:
    logits = torch.tensor([[0.0, 0.0], [0.0, 0.0]])
    push, pull = push_and_pull(logits, torch.tensor([[1.0, -1.0], [3.0, 1.0]]), torch.tensor([0, 1]), "quadratic")
    assert push.item() == pytest.approx(0.6931472)  # log 2: two classes, no idea which
    assert pull.item() == 3.0  # (1 + 1 + 9 + 1) / 4
    assert push_and_pull(logits, torch.ones(2, 2), torch.tensor([0, 1]), "none")[1].item() == 0.0


def test_the_penalty_pulls_towards_the_origin() -> None:
    z = torch.tensor([[2.0, -4.0]], requires_grad=True)
    PENALTIES["quadratic"](z).backward()
    assert z.grad.tolist() == [[2.0, -4.0]]  # 2 z / (N P)


def test_the_penalty_is_computed_in_float32() -> None:
    z = torch.full((4, 2), 1e-3, dtype=torch.bfloat16)
    penalty = PENALTIES["quadratic"](z)
    assert penalty.dtype == torch.float32
    assert penalty.item() == pytest.approx(z.float()[0, 0].item() ** 2, rel=1e-6)


def test_gamma_grows_geometrically_up_to_its_cap() -> None:
    config = RunConfig(gamma_start=0.01, gamma_factor=10, gamma_cap=5, epochs=5)
    assert [gamma_at(config, epoch) for epoch in range(1, 6)] == pytest.approx([0.01, 0.1, 1, 5, 5])


def test_the_paper_s_schedule_ends_where_the_paper_s_code_ends() -> None:
    config = RunConfig(gamma_start=0.01, gamma_factor=1.084, gamma_cap=None, epochs=200)
    assert gamma_at(config, 200) == pytest.approx(9.35e4, rel=0.01)


def test_gamma_stays_where_it_is_told_to() -> None:
    assert gamma_at(RunConfig(gamma_schedule="constant", gamma_start=2), 99) == 2
    assert gamma_at(RunConfig(gamma_start=0, gamma_factor=1.5, epochs=2000), 1999) == 0
    assert gamma_at(RunConfig(head="LinPen", gamma_start=2), 99) == 0
    assert gamma_at(RunConfig(gamma_factor=100, gamma_cap=7, epochs=100_000), 100_000) == 7
