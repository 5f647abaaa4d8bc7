import math

import pytest

from binenc_kit.config import RunConfig
from binenc_kit.errors import KitError
from binenc_kit.schedules import gamma_at, lr_at


def test_gamma_grows_geometrically_up_to_its_cap() -> None:
    config = RunConfig(gamma_start=0.01, gamma_factor=10, gamma_cap=5, epochs=5)
    assert [gamma_at(config, epoch) for epoch in range(1, 6)] == pytest.approx([0.01, 0.1, 1, 5, 5])


def test_gamma_can_grow_in_steps_of_several_epochs() -> None:
    config = RunConfig(gamma_start=1, gamma_factor=2, gamma_step=3)
    assert [gamma_at(config, epoch) for epoch in range(1, 8)] == [1, 1, 1, 2, 2, 2, 4]


def test_the_paper_s_schedule_ends_where_the_paper_s_code_ends() -> None:
    config = RunConfig(gamma_start=0.01, gamma_factor=1.084, gamma_cap=None, epochs=200)
    assert gamma_at(config, 200) == pytest.approx(9.35e4, rel=0.01)


def test_gamma_stays_where_it_is_told_to() -> None:
    assert gamma_at(RunConfig(gamma_schedule="constant", gamma_start=2), 99) == 2
    assert gamma_at(RunConfig(gamma_start=0, gamma_factor=1.5, epochs=2000), 1999) == 0
    assert gamma_at(RunConfig(head="LinPen", gamma_start=2), 99) == 0
    assert gamma_at(RunConfig(gamma_factor=100, gamma_cap=7, epochs=100_000), 100_000) == 7


def test_two_regimes_are_those_of_the_lpc_code_epoch_by_epoch() -> None:
    config = RunConfig(
        gamma_schedule="two_regime", gamma_start=2e-4, gamma_factor=2, gamma_step=5, gamma_turn=1e3,
        gamma_factor_2=1.25, gamma_cap=1e6, epochs=1000,
    )  # fmt: skip
    gamma, turned, expected = 1e-4, None, []
    for epoch in range(1, 1001):  # our own words for what that code does, one epoch after the other
        if gamma < 1e3:
            gamma = min(gamma * 2, 1e3) if (epoch - 1) % 5 == 0 else gamma
        elif gamma < 1e6:
            turned = turned or epoch
            gamma = min(gamma * 1.25, 1e6) if (epoch - turned) % 5 == 0 else gamma
        expected.append(gamma)
    assert [gamma_at(config, epoch) for epoch in range(1, 1001)] == pytest.approx(expected, rel=1e-9)
    assert expected[-1] == 1e6


def test_a_gamma_schedule_of_one_s_own() -> None:
    config = RunConfig(gamma_schedule="custom:square", gamma_start=0)
    assert [gamma_at(config, epoch, lambda e: e**2) for epoch in (1, 2, 3)] == [1, 4, 9]
    assert gamma_at(config.with_head("LinPen"), 3, lambda e: e**2) == 0
    with pytest.raises(KitError, match="pass it along"):
        gamma_at(RunConfig(gamma_schedule="custom:square"), 1)
    for bad in (math.nan, -1.0, math.inf):
        with pytest.raises(KitError, match="in epoch 7"):
            gamma_at(config, 7, lambda epoch, bad=bad: bad)


def test_hug_and_the_centre_loss_have_constant_weights() -> None:
    assert gamma_at(RunConfig(head="HUG"), 50) == 0.015
    assert gamma_at(RunConfig(head="HUG", penalty="mgd"), 50) == 0.03
    assert gamma_at(RunConfig(head="HUG", hug_beta=0.0), 50) == 0
    assert gamma_at(RunConfig(head="CenterLoss", center_weight=0.1), 50) == 0.1


def test_the_learning_rate_halves_but_for_the_classifier() -> None:
    config = RunConfig(
        lr=8e-4, lr_schedule="halving", lr_hold=250, lr_period=50, classifier_decays=False, epochs=800
    )  # fmt: skip
    rates = {epoch: lr_at(config, epoch) for epoch in (1, 250, 300, 301, 350, 351, 800)}
    assert {epoch: rate[0] / 8e-4 for epoch, rate in rates.items()} == pytest.approx(
        {1: 1, 250: 1, 300: 1, 301: 0.5, 350: 0.5, 351: 0.25, 800: 0.5**10}
    )
    assert all(rate[1] == 8e-4 for rate in rates.values())


def test_the_cosine_falls_from_its_hold_to_its_floor() -> None:
    config = RunConfig(lr=1e-3, lr_schedule="cosine", lr_hold=10, lr_min=1e-5, epochs=30, classifier_lr=0.5)
    assert lr_at(config, 11) == pytest.approx((1e-3, 0.5))
    assert lr_at(config, 21)[0] == pytest.approx((1e-3 + 1e-5) / 2)
    assert 1e-5 < lr_at(config, 30)[0] < 2e-5
    falling = [lr_at(config, epoch) for epoch in range(11, 31)]
    assert falling == sorted(falling, reverse=True)
    assert lr_at(RunConfig(lr=1e-3), 80) == (1e-3, 1e-3)


def test_lpc_by_one_word_ends_at_a_million_with_small_steps_but_for_the_classifier() -> None:
    config = RunConfig(epochs=160, lr=2e-3).with_head("LPC")
    gammas = [gamma_at(config, epoch) for epoch in range(1, 161)]
    assert gammas[0] == 1
    assert gammas[95] == pytest.approx(1e6)
    assert gammas[94] < 1e6
    assert set(gammas[96:]) == {1e6}
    assert lr_at(config, 1) == lr_at(config, 41) == pytest.approx((2e-3, 0.15))
    assert lr_at(config, 160)[0] == pytest.approx(2e-3 / 2**9)
    assert lr_at(config, 160)[1] == 0.15
    told = RunConfig(head="LPC", epochs=160, lr_schedule="constant", gamma_schedule="constant", gamma_start=3)
    assert (gamma_at(told, 160), lr_at(told, 160)) == (3, (2e-3, 2e-3))
    assert gamma_at(RunConfig(head="LPC", epochs=1), 1) == 1
    assert gamma_at(RunConfig(head="LPC", gamma_cap=100), 80) == 100
