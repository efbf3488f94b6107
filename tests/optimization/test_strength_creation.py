"""Who creates more than the accounts predict: spells, their model, and what may be claimed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.identify import play
from benchmarks.spells import spells_of
from benchmarks.strength import estimate
from benchmarks.strength_world import Shape, make_world
from optimization.errors import DataError
from optimization.strength.deals import Spells
from optimization.strength.fit import Family, fit_effects
from optimization.strength.models import age_weight, creation_model, fit_model
from optimization.strength.terms import CREATION_TERMS, Part, Term

REP = Term("rep", Part.REP, ("rep_id",))
# Deals fall on accounts as each has them, and a third of the accounts changed owner.
NOBODY_CREATES_MORE = Shape(
    tau_rep=0.0, tau_interaction=0.0, lent=0.0, quality_sd=0.6, busy_sd=0.6, changed=0.3
)


# Spells.


def spells(deals: list[tuple[str, int]], owner: str, **known: object) -> list[tuple[str, int, int]]:
    """Rep, days in charge and deals created meanwhile, by half year, oldest first.

    Deals are (rep, age in days) of one account. Another account, whose owner keeps it, shows that
    guests are rare.
    """
    kept = [("K", age) for age in range(0, 1000, 20)]
    frame = pd.DataFrame(
        [("a", *deal) for deal in deals] + [("kept", *deal) for deal in kept],
        columns=["account_id", "rep_id", "age_days"],
    ).sort_values("age_days", ascending=False, ignore_index=True)
    accounts = pd.DataFrame(
        {"account_id": ["a", "kept"], "owner_rep_id": [owner, "K"]}
        | dict.fromkeys(("industry", "geography", "size_band"), "x")
    )
    reps = pd.DataFrame({"rep_id": ["A", "B", "G", "K"], "group_id": "g"})
    changes = pd.DataFrame([known]) if known else None
    found = spells_of(frame, accounts, reps, changes).query("account_id == 'a'")
    days = (found["years"] * 365.25).round().astype(int)
    return list(zip(found["rep_id"], days, found["created_count"], strict=True))


def test_an_account_s_first_deal_shows_who_is_in_charge_and_counts_for_nobody() -> None:
    assert spells([("A", 170), ("A", 100), ("A", 20)], owner="A") == [("A", 170, 2)]


def test_spells_are_cut_at_half_years_and_no_longer_than_three_years() -> None:
    assert spells([("A", 2000), ("A", 400), ("A", 200)], owner="A") == [
        *[("A", 180, 0)] * 3,
        ("A", 180, 1),
        ("A", 180, 1),
        ("A", 180, 0),
    ]


def test_the_first_deal_of_the_present_owner_counts_for_the_rep_before() -> None:
    deals = [("A", 170), ("A", 130), ("B", 60), ("B", 10)]
    assert spells(deals, owner="B") == [("A", 110, 2), ("B", 60, 1)]


def test_until_a_new_owner_shows_the_old_one_stays_in_charge() -> None:
    assert spells([("A", 170), ("A", 130)], owner="B") == [("A", 170, 1)]


def test_a_guest_does_not_end_a_spell_and_its_deal_counts_for_whoever_is_in_charge() -> None:
    deals = [("A", 170), ("G", 130), ("A", 60)]
    assert spells(deals, owner="A") == [("A", 170, 2)]


def test_who_is_not_the_present_owner_takes_charge_by_a_second_deal_in_a_row() -> None:
    deals = [("A", 170), ("G", 130), ("G", 120), ("B", 60), ("B", 50)]
    assert spells(deals, owner="B") == [("A", 50, 2), ("B", 60, 1), ("G", 60, 1)]


def test_where_guests_are_common_a_first_deal_does_not_show_who_is_in_charge() -> None:
    guest = [("A", 170), ("G", 160), ("A", 150), ("G", 140), ("A", 130), ("G", 120), ("A", 110)]
    assert spells(guest, owner="B") == [], "nobody had two in a row"
    assert spells([*guest, ("A", 100)], owner="B") == [("A", 100, 0)]


def test_a_known_change_counts_from_its_day() -> None:
    deals = [("A", 170), ("A", 130), ("B", 30)]
    to_b = {"account_id": "a", "age_days": 100, "to_rep_id": "B"}
    assert spells(deals, owner="B", **to_b) == [("A", 70, 1), ("B", 100, 1)]
    to_nobody = to_b | {"to_rep_id": "__house__"}
    assert spells(deals, owner="B", **to_nobody) == [("A", 70, 1), ("B", 30, 0)]


def test_deals_of_one_day_arise_under_whoever_was_in_charge_the_day_before() -> None:
    deals = [("A", 170), ("A", 60), ("B", 60), ("B", 60)]
    assert spells(deals, owner="B") == [("A", 110, 3), ("B", 60, 0)]


def test_an_account_without_deals_tells_nothing() -> None:
    assert spells([], owner="A") == []


# The model.


def a_frame(created: list[int], years: list[float], reps: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rep_id": reps,
            "group_id": "g",
            "account_id": [f"a{n}" for n in range(len(reps))],
            **dict.fromkeys(("industry", "geography", "size_band"), "x"),
            "created_count": created,
            "years": years,
            "age_days": 90,
        }
    )


def test_one_step_is_what_one_computes_by_hand() -> None:
    # 60 in 20 years, so 3 a year. Expected 30 each, came 45 and 15: z = +-1/2, a = 30,
    # tau2 = (15 - 0 - 1) / (60 - 1800/60) = 14/30; exp(d) = (45 + 30/14) / (30 + 30/14).
    found = Spells.from_frame(a_frame([45, 15], [10.0, 10.0], ["A", "B"]))
    fit = fit_effects(
        found.terms,
        found.rows(),
        found.created,
        np.ones(2),
        [REP],
        Family.POISSON,
        1,
        np.log(found.years),
    )
    assert fit is not None
    rep = fit.effects["rep"]
    # Counts vary more than chance does, and everything counts by that much less.
    phi = 225 / 30
    tau2 = (15 / phi - 1) / (30 / phi)
    assert rep.tau2 == pytest.approx(tau2)
    expected = [(n / phi + 1 / tau2) / (30 / phi + 1 / tau2) for n in (45, 15)]
    np.testing.assert_allclose(np.exp(rep.effect), expected)
    np.testing.assert_allclose(rep.variance, [1 / (n / phi + 1 / tau2) for n in (45, 15)])


def test_with_many_sweeps_every_factor_is_the_mean_given_all_others() -> None:
    world = make_world(1, replace(NOBODY_CREATES_MORE, tau_creation=0.5))
    found = Spells.from_frame(spells_of(world.deals, world.accounts, world.reps))
    weight = age_weight(found.age_days, 365)
    fit = fit_effects(
        found.terms,
        found.rows(),
        found.created,
        weight,
        CREATION_TERMS,
        Family.POISSON,
        300,
        np.log(found.years),
    )
    assert fit is not None
    mean = found.years * np.exp(fit.base + fit.sum_of(found.terms, found.rows(), *Part))
    phi = max(1.0, (weight * (found.created - mean) ** 2).sum() / (weight * mean).sum())
    held = [term for term in CREATION_TERMS if fit.effects[term.name].tau2 > 0]
    assert len(held) >= 2
    for term in held:
        own = fit.effects[term.name]
        score = np.bincount(
            found.terms[term.name].code, weight * (found.created - mean), len(own.effect)
        )
        np.testing.assert_allclose((np.exp(own.effect) - 1) / own.tau2, score / phi, atol=1e-5)


def test_a_creator_is_found_and_how_much_of_it_comes_along() -> None:
    world = make_world(2, replace(NOBODY_CREATES_MORE, tau_creation=0.5, changed=0.6))
    found = Spells.from_frame(spells_of(world.deals, world.accounts, world.reps))
    whole = fit_model(found, creation_model(found), 0).whole
    assert whole is not None
    rep = [int(name[1:]) for name in found.features["rep_id"].levels]
    effect = whole.effects["rep"].effect
    assert np.corrcoef(np.log(world.truth.creation)[rep], effect)[0, 1] > 0.75
    outcome = play(2, replace(NOBODY_CREATES_MORE, tau_creation=0.5, changed=0.6))
    assert outcome.creation_multiplier > 0.5
    assert outcome.true > 0.03
    assert outcome.claimed == pytest.approx(outcome.true, rel=0.5)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"changed": 0.0},
        {"lent": 0.5},
        {"busy_seniority": 0.6, "changes": "by_seniority"},
        {"changes": "failing"},
    ],
)
def test_where_nobody_creates_more_nothing_is_claimed(how: dict[str, Any]) -> None:
    claimed = [play(seed, replace(NOBODY_CREATES_MORE, **how)).claimed for seed in range(3)]
    assert np.mean(claimed) <= 0.002


def test_without_a_claim_every_rep_has_the_factor_of_a_stranger() -> None:
    world = make_world(1, replace(NOBODY_CREATES_MORE, changed=0.0))
    table = estimate(world).strengths
    assert (table["creation_factor"].dropna() == 1).all()
    overall = table.query("dimension == 'overall'")
    # What the accounts themselves predict is about what came.
    assert overall["expected_created_count"].sum() == pytest.approx(
        overall["created_count"].sum(), rel=0.1
    )


def test_a_spell_without_its_length_is_refused_by_name() -> None:
    frame = a_frame([1, 2], [1.0, 1.0], ["A", "B"])
    with pytest.raises(DataError, match="spells without years"):
        Spells.from_frame(frame.assign(years=[np.nan, 1.0]))
    with pytest.raises(DataError, match="spells lack columns"):
        Spells.from_frame(frame.drop(columns="years"))
