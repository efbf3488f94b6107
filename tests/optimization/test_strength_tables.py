"""The tables of strengths: who is strong where, what that wins, and what surprises."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from optimization.estimate_strengths import estimate_strengths
from optimization.tables import Strengths
from tests.optimization.strength_cases import Case, make_case, make_deals, no_priors


@pytest.fixture(scope="module")
def case() -> Case:
    return make_case(make_deals(1, 4000))


@pytest.fixture(scope="module")
def found(case: Case) -> Strengths:
    return estimate_strengths(**case.frames())


def effects_of(strengths: Strengths, term: str, model: str = "win") -> pd.DataFrame:
    table = strengths.effects
    return table[(table["model"] == model) & (table["term"] == term)]


def test_every_rep_has_a_row_for_every_level(case: Case, found: Strengths) -> None:
    table = found.rep_strengths
    assert not table.duplicated(["rep_id", "dimension", "level"]).any()
    levels = 1 + sum(
        case.deals[c].nunique()
        for c in ("industry", "geography", "size_band", "product", "revenue_type")
    )
    assert len(table) == len(case.reps) * levels
    overall = table[table["dimension"] == "overall"].set_index("rep_id")
    by_rep = case.deals.groupby("rep_id")["is_won"]
    assert (overall["deal_count"] == by_rep.size()).all()
    assert (overall["won_count"] == by_rep.sum()).all()
    np.testing.assert_allclose(overall["observed_win_rate"], by_rep.mean())
    # What the deals predict without the reps is about what was won by all together.
    expected = (overall["expected_win_rate"] * overall["deal_count"]).sum()
    assert expected == pytest.approx(case.deals["is_won"].sum(), rel=0.02)


def multipliers(found: Strengths) -> pd.DataFrame:
    return found.strength_transport.query("model == 'win'").set_index("dimension")


def lasting(found: Strengths) -> float:
    return float(found.strength_guard["persistence_slope"].clip(0, 1).iloc[0])


def test_effects_are_those_of_the_fit_as_far_as_they_last_and_as_far_as_they_come_along(
    found: Strengths,
) -> None:
    multiplier = lasting(found)
    assert multiplier > 0
    both = found.rep_strengths.query("dimension == 'industry'").merge(
        effects_of(found, "rep_industry"), on=["rep_id", "level"], suffixes=("", "_fitted")
    )
    np.testing.assert_allclose(both["effect"], multiplier * both["effect_fitted"])
    along = multipliers(found).loc["industry", "multiplier"]
    assert 0 < along <= 1
    np.testing.assert_allclose(both["counted_effect"], along * both["effect_fitted"])
    tau2 = both["tau2"].iloc[0]
    assert tau2 > 0.15**2, "the deviation below is the fit's own"
    np.testing.assert_allclose(both["effect_sd"], 1.25 * np.sqrt(both["variance"]))
    np.testing.assert_allclose(both["effect_lower"], both["effect"] - 1.645 * both["effect_sd"])


def test_a_strength_is_named_only_where_its_interval_leaves_zero(found: Strengths) -> None:
    table = found.rep_strengths
    leaves = (table["effect_lower"] > 0) | (table["effect_upper"] < 0)
    assert (table["is_named"] == (leaves & (table["deal_count"] >= 5))).all()
    assert table["is_named"].any()
    assert (table["is_extrapolated"] == (table["deal_count"] < 5)).all()


def counted_variance(found: Strengths, rows: pd.DataFrame, dimension: str) -> pd.Series:
    along = multipliers(found).loc[dimension]
    whole = rows["effect"] / lasting(found)
    return (along["multiplier"] * rows["effect_sd"]) ** 2 + (along["multiplier_sd"] * whole) ** 2


def test_a_rep_is_held_against_the_owners_of_the_level_s_other_accounts(
    case: Case, found: Strengths
) -> None:
    table = found.rep_strengths
    overall = table[table["dimension"] == "overall"].set_index("rep_id")
    owned = case.accounts["owner_rep_id"].value_counts().reindex(overall.index).fillna(0)
    rep = overall.index[0]
    others = owned.drop(rep) / owned.drop(rep).sum()
    effect = overall["counted_effect"]
    variance = counted_variance(found, overall, "overall")
    z = (effect[rep] - (others * effect.drop(rep)).sum()) / np.sqrt(
        variance[rep] + (others * variance.drop(rep)).sum()
    )
    assert overall.loc[rep, "beats_owners_probability"] == pytest.approx(norm.cdf(z))


def test_what_a_rep_wins_is_the_mean_over_the_products_and_revenue_types_asked_for(
    case: Case, found: Strengths
) -> None:
    row = found.profile_win_rates.query("rep_id == 'R4'").iloc[5]
    along = multipliers(found)["multiplier"]

    def effect(term: str, level: str, rep: str = "(all)", model: str = "win") -> float:
        rows = effects_of(found, term, model).query("rep_id == @rep and level == @level")
        return float(rows["effect"].iloc[0]) if len(rows) else 0.0

    strengths = found.rep_strengths.query("rep_id == 'R4'")
    kinds = ["industry", "geography", "size_band"]
    levels = [("overall", "(all)"), *((kind, row[kind]) for kind in kinds)]
    wins = value = asked = 0.0
    won_of, asked_of = {"new": 0.0, "existing": 0.0}, {"new": 0.0, "existing": 0.0}
    counted = case.deals["revenue_type"].value_counts() + 0.5
    mix = case.product_mix.query("industry == @row.industry").itertuples()
    for product, kind in itertools.product(mix, won_of):
        mine = [
            (dimension, strengths.query("dimension == @dimension and level == @level"))
            for dimension, level in [*levels, ("product", product.product), ("revenue_type", kind)]
        ]
        lp = effect("base", "(all)") + effect("product", product.product)
        lp += effect("revenue_type", kind)
        lp += sum(effect(name, row[name]) for name in kinds)
        lp += along["overall"] * effect("group", "g1")
        lp += sum(rows["counted_effect"].iloc[0] for _, rows in mine)
        variance = sum(counted_variance(found, rows, name).iloc[0] for name, rows in mine)
        p = 1 / (1 + np.exp(-lp / np.sqrt(1 + np.pi / 8 * variance)))
        share = product.share * counted[kind] / counted.sum()
        weight = share * np.exp(
            effect("product", product.product, model="value")
            + effect("revenue_type", kind, model="value")
        )
        wins, value, asked = wins + share * p, value + weight * p, asked + weight
        won_of[kind], asked_of[kind] = won_of[kind] + weight * p, asked_of[kind] + weight
    assert row["win_rate"] == pytest.approx(wins)
    assert row["won_value_rate"] == pytest.approx(value / asked)
    for kind, won in won_of.items():
        assert row[f"{kind}_won_value_rate"] == pytest.approx(won / asked_of[kind])
    assert row["margin_rate"] == pytest.approx(0.5)


def test_where_a_product_sells_below_cost_the_margin_of_what_is_won_may_be_negative(
    case: Case,
) -> None:
    mix = case.product_mix.assign(
        margin_rate=np.where(case.product_mix["product"] == "p1", -3, 0.1)
    )
    rates = estimate_strengths(**replace(case, product_mix=mix).frames()).profile_win_rates
    assert (rates["margin_rate"] < 0).all()
    assert rates["margin_rate"].nunique() > 10, "it depends on which products the rep wins"


def test_predicted_and_paid_value_of_all_won_deals_are_equal(case: Case, found: Strengths) -> None:
    won = case.deals[case.deals["is_won"] & (case.deals["amount"] > 0)]
    predicted = np.zeros(len(won))
    for term, column in [
        *(
            (kind, kind)
            for kind in ("revenue_type", "industry", "geography", "size_band", "product")
        ),
        ("account", "account_id"),
    ]:
        rows = effects_of(found, term, "value").set_index("level")["effect"]
        predicted += won[column].map(rows).to_numpy()
    value_multiplier = found.strength_guard["value_multiplier"].iloc[0]
    of_rep = effects_of(found, "rep", "value").set_index("rep_id")["effect"]
    predicted += value_multiplier * won["rep_id"].map(of_rep).to_numpy()
    predicted += effects_of(found, "base", "value")["effect"].iloc[0]
    assert np.exp(predicted).sum() == pytest.approx(won["amount"].sum())


# Beliefs.


def rated(rep: str, effect: float, pseudo_deals: float = 20.0) -> pd.DataFrame:
    return pd.DataFrame(
        [(rep, "industry", "health", effect, pseudo_deals, True)], columns=no_priors().columns
    )


def niche(found: Strengths, rep: str) -> pd.Series:
    rows = found.rep_strengths.query("rep_id == @rep and level == 'health'")
    return rows.iloc[0]


def test_without_deals_the_belief_decides_and_with_n_deals_it_is_half_and_half(case: Case) -> None:
    newcomer = pd.DataFrame(
        {"rep_id": ["R99"], "group_id": "g1", "is_active": True, "prior_industries": None}
    )
    staff = replace(case, reps=pd.concat([case.reps, newcomer], ignore_index=True))
    plain = estimate_strengths(**staff.frames())
    new = estimate_strengths(**replace(staff, priors=rated("R99", 0.6)).frames())
    multiplier = lasting(plain)
    assert niche(plain, "R99")["effect"] == 0.0
    assert niche(new, "R99")["effect"] == pytest.approx(multiplier * 0.6)
    assert niche(new, "R99")["effect_sd"] < niche(plain, "R99")["effect_sd"]
    # As much information in the belief as in the deals: the mean of both.
    before = effects_of(plain, "rep_industry").query("rep_id == 'R5' and level == 'health'").iloc[0]
    information = 1 / before["variance"] - 1 / before["tau2"]
    p = case.deals["is_won"].mean()
    belief = rated("R5", 1.0, information / (p * (1 - p)))
    old = estimate_strengths(**replace(staff, priors=belief).frames())
    assert niche(old, "R5")["effect"] == pytest.approx(multiplier * (before["effect"] + 1.0) / 2)
    assert niche(old, "R5")["prior_effect"] == 1.0


def test_where_strengths_do_not_hold_beliefs_do_not_count_either() -> None:
    off = make_case(make_deals(3, 2000, skill=0, niche=0), rated("R3", 2.0))
    found = estimate_strengths(**off.frames())
    assert found.strength_guard["signal"].iloc[0] == "none"
    rates = found.profile_win_rates
    by_kind = rates.groupby(["industry", "geography", "size_band"])["win_rate"]
    assert by_kind.agg(np.ptp).max() == pytest.approx(0.0, abs=1e-12)
    assert (found.rep_strengths["effect"] == 0).all()
    assert not found.rep_strengths["is_named"].any()
    assert found.rep_strengths["beats_owners_probability"].isna().all()
    assert found.strength_surprises.empty


# Surprises.


def surprises(case: Case) -> pd.DataFrame:
    return estimate_strengths(**case.frames()).strength_surprises


def strongest(found: Strengths, dimension: str) -> pd.Series:
    table = found.rep_strengths.query("dimension == @dimension and is_named and effect > 0")
    return table.sort_values("effect").iloc[-1]


def test_a_strength_against_a_rating_or_outside_one_s_experience_is_a_surprise(
    case: Case, found: Strengths
) -> None:
    best = strongest(found, "industry")
    rep, level = best["rep_id"], best["level"]
    low = rated(rep, -0.3, 1.0).assign(level=level)
    rows = surprises(replace(case, priors=low)).query("rep_id == @rep and level == @level")
    assert list(rows["kind"]) == ["strong_though_rated_low"]
    assert f"in industry {level} where the deals predict" in rows["sentence"].iloc[0]
    assert rows["sentence"].iloc[0].endswith("stronger than managers rate.")
    assert rows["effect_lower"].iloc[0] > 0

    for industries, kinds in (
        ("Retailing; else", ["strong_outside_own_experience"]),
        (f"else; {level.upper()}", []),
    ):
        people = case.reps.assign(
            prior_industries=np.where(case.reps["rep_id"] == rep, industries, None)
        )
        rows = surprises(replace(case, reps=people)).query("rep_id == @rep and level == @level")
        assert list(rows["kind"]) == kinds


def test_a_strength_away_from_the_group_s_home_is_a_surprise() -> None:
    deals = make_deals(4, 6000, skill=0.2, niche=0.0)
    rng = np.random.default_rng(1)
    strong = (deals["rep_id"] == "R1") & (deals["geography"] == "south")
    deals.loc[strong, "is_won"] = rng.random(strong.sum()) < 0.95
    case = make_case(deals)
    case.accounts.loc[case.accounts["geography"] == "north", "owner_rep_id"] = "R4"  # R1's group
    rows = surprises(case).query("rep_id == 'R1' and dimension == 'geography'")
    assert list(rows.query("level == 'south'")["kind"]) == ["strong_away_from_home"]


# Odd companies.


def test_a_company_without_a_deal_gets_tables_that_claim_nothing(case: Case) -> None:
    empty = replace(
        case,
        deals=case.deals.head(0),
        spells=case.spells.head(0),
        product_mix=case.product_mix.head(0),
    )
    found = estimate_strengths(**empty.frames())
    guard = found.strength_guard.iloc[0]
    assert guard["signal"] == "not_estimable"
    assert guard["reason"].startswith("No closed deal yet")
    assert guard["half_life_days"] == 365
    assert found.effects.empty
    assert found.profile_win_rates.empty
    assert (found.rep_strengths["effect"] == 0).all()
    assert (found.rep_strengths["effect_sd"] > 0).all()


def test_a_company_with_a_single_rep_claims_nothing() -> None:
    one = make_case(make_deals(5, 1500, reps=1))
    found = estimate_strengths(**one.frames())
    assert found.strength_guard["signal"].iloc[0] == "not_estimable"
    assert (found.rep_strengths["effect"] == 0).all()
    assert set(found.profile_win_rates["rep_id"]) == {"(segment)", "R0"}
    assert found.rep_strengths["beats_owners_probability"].isna().all()


def test_a_company_that_records_won_orders_only_keeps_its_values(case: Case) -> None:
    won = case.deals.assign(is_won=True, amount=case.deals["amount"].clip(lower=10.0))
    found = estimate_strengths(**replace(case, deals=won).frames())
    guard = found.strength_guard.iloc[0]
    assert guard["signal"] == "not_estimable"
    assert set(effects_of(found, "industry")["effect"]) <= {0.0}
    assert effects_of(found, "account", "value")["effect"].ne(0).any()
    assert found.profile_win_rates["win_rate"].min() > 0.999


def test_leavers_are_measured_and_not_offered(case: Case) -> None:
    reps = case.reps.assign(is_active=case.reps["rep_id"] != "R2")
    found = estimate_strengths(**replace(case, reps=reps).frames())
    assert "R2" in set(found.rep_strengths["rep_id"])
    assert "R2" not in set(found.profile_win_rates["rep_id"])
    strangers = estimate_strengths(**replace(case, reps=reps.query("is_active")).frames())
    assert "R2" in set(strangers.rep_strengths["rep_id"]), "deals of somebody HR does not know"


def test_the_order_of_every_table_s_rows_does_not_matter(case: Case, found: Strengths) -> None:
    shuffled = Case(
        **{name: frame.sample(frac=1, random_state=2) for name, frame in case.frames().items()}
    )
    again = estimate_strengths(**shuffled.frames())
    for name, key in (
        ("rep_strengths", ["rep_id", "dimension", "level"]),
        ("profile_win_rates", ["industry", "geography", "size_band", "rep_id"]),
        ("effects", ["model", "term", "rep_id", "level"]),
        ("strength_guard", ["signal"]),
        ("strength_backtest", ["model"]),
    ):
        ours, theirs = (
            getattr(tables, name).sort_values(key, ignore_index=True) for tables in (found, again)
        )
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-9)


def test_a_product_nobody_ever_bought_is_measured_and_not_counted_on(case: Case) -> None:
    mix = case.product_mix
    unknown = mix.assign(margin_rate=mix["margin_rate"].mask(mix["product"] == "p2"))
    found = estimate_strengths(**replace(case, product_mix=unknown).frames())
    assert "p2" in set(found.rep_strengths["level"])
    assert found.profile_win_rates["margin_rate"].notna().all()
    nothing = replace(case, product_mix=mix.assign(margin_rate=np.nan))
    assert estimate_strengths(**nothing.frames()).profile_win_rates.empty
