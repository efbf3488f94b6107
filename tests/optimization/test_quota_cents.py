from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimization.quotas.cents import apportion, to_amounts, to_cents, with_buffer


def test_amounts_round_half_to_even_by_their_written_decimal() -> None:
    assert [to_cents(amount) for amount in (0.125, 0.135, 2.675, Decimal("1.005"))] == [
        12,
        14,
        268,
        100,
    ]


def test_buffer_counts_as_the_decimal_it_is_written_as() -> None:
    assert with_buffer(10**15, 0.1) == 11 * 10**14
    assert [with_buffer(cents, 0.1) for cents in (1, 5, 15, 25)] == [1, 6, 16, 28]


def test_equal_weights_leave_the_odd_cent_to_the_first() -> None:
    assert apportion(10, np.ones(3)).tolist() == [4, 3, 3]


def test_weight_zero_gets_nothing() -> None:
    assert apportion(7, np.array([0.0, 1.0, 0.0, 2.0])).tolist() == [0, 2, 0, 5]


def test_a_total_that_nobody_can_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="5 cents have no positive, finite weight"):
        apportion(5, np.zeros(2))


@given(
    total=st.integers(0, 2 * 10**15),
    weights=st.lists(st.floats(0, 1e15, allow_subnormal=False), min_size=1, max_size=30),
)
def test_parts_sum_to_the_total_and_stay_within_a_cent_of_their_share(
    total: int, weights: list[float]
) -> None:
    if not any(weights):
        weights[0] = 1.0
    parts = apportion(total, np.array(weights)).tolist()
    whole = sum(map(Decimal, weights))
    assert sum(parts) == total
    assert min(parts) >= 0
    for part, weight in zip(parts, weights, strict=True):
        # The weights carry 50 bits, hence the second term.
        tolerance = 1 + Decimal(total) / 2**48
        assert abs(part - Decimal(total) * Decimal(weight) / whole) <= tolerance


@given(st.integers(0, 2 * 10**15))
def test_published_amounts_give_their_cents_back(cents: int) -> None:
    amount = float(to_amounts([cents])[0])
    assert to_cents(amount) == cents
    assert round(amount * 100) == cents
