import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from optimization.policy import QuotaPolicy
from optimization.quotas.bands import no_bands
from optimization.quotas.model import FairShares, fair_quotas, solve_quotas


def one_month_group(
    quota: list[float], expected: list[float], sd: list[float], group: list[int] | None = None
) -> FairShares:
    cells = np.zeros((len(quota), 12, 2))
    cells[:, 4, 0] = quota
    return FairShares(
        quota=cells,
        expected_year=np.array(expected),
        sd_year=np.array(sd),
        rep_group=np.array(group or [0] * len(quota)),
        bands=no_bands(len(quota)),
    )


@pytest.mark.parametrize(("expected", "weight"), [((90, 270), 0.1), ((20, 60), 2.0)])
def test_two_reps_meet_the_optimum_found_by_a_line_search(
    expected: tuple[float, float], weight: float
) -> None:
    quota, mean, sd = np.array([100.0, 300.0]), np.array(expected), np.array([60.0, 90.0])
    share = quota / quota.sum()
    rms = np.sqrt((share * ((mean - quota) / sd) ** 2).sum())

    def objective(shift: float) -> float:
        deviation = np.array([shift, -shift]) / quota
        hardness = (mean - quota * (1 + deviation)) / sd
        spread = (share * (hardness - share @ hardness) ** 2).sum()
        return float((share * deviation**2).sum() + weight * spread / max(1, rms) ** 2)

    best = minimize_scalar(objective, bounds=(-100, 100), method="bounded").x
    policy = QuotaPolicy(hardness_weight=weight, max_hardness_shift_rate=1.0)
    solved = solve_quotas(one_month_group([100, 300], list(expected), [60, 90]), policy)
    assert abs(best) > 1
    assert solved[:, 4, 0] == pytest.approx([100 + best, 300 - best], abs=0.01)
    assert solved.sum() == pytest.approx(400)


def test_groups_do_not_influence_each_other() -> None:
    policy = QuotaPolicy()
    alone = solve_quotas(one_month_group([100, 300], [90, 270], [60, 90]), policy)
    both = solve_quotas(
        one_month_group(
            [100, 300, 5000, 90], [90, 270, 100, 80], [60, 90, 5, 70], group=[0, 0, 1, 1]
        ),
        policy,
    )
    assert both[:2] == pytest.approx(alone, rel=1e-5)
    assert both[2, 4, 0] != pytest.approx(5000, rel=1e-5)


def test_a_split_book_gets_together_what_the_whole_book_got() -> None:
    policy = QuotaPolicy()
    whole = solve_quotas(one_month_group([100, 300], [90, 270], [60, 90]), policy)
    split = solve_quotas(one_month_group([100, 150, 150], [90, 135, 135], [60, 45, 45]), policy)
    assert split[1:].sum(axis=0) == pytest.approx(whole[1], rel=1e-9)


def test_without_any_noise_quotas_stay_at_their_fair_shares() -> None:
    fair = one_month_group([100, 300], [90, 280], [0, 0])
    assert (solve_quotas(fair, QuotaPolicy()) == fair.quota).all()


def test_fair_quotas_are_in_proportion_within_each_group() -> None:
    weights = np.zeros((3, 12, 2))
    weights[:, 0, 1] = [1, 3, 5]
    group_quotas = np.zeros((2, 12, 2), dtype=np.int64)
    group_quotas[:, 0, 1] = [800, 70]
    shares = fair_quotas(weights, group_quotas, np.array([0, 0, 1]))
    assert shares[:, 0, 1].tolist() == [200, 600, 70]
    assert shares.sum() == 870
