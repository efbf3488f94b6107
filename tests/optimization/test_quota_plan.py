from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimization.errors import DataError, VerificationError
from optimization.policy import QuotaPolicy
from optimization.quotas import plan as plan_module
from optimization.quotas.cents import to_cents
from optimization.quotas.expected import expected_business
from optimization.quotas.inputs import QuotaInputs
from optimization.quotas.plan import QuotaPlan, allocate_quotas
from optimization.verify.quotas import verify_quotas

MONTHS = list(pd.date_range("2026-07-01", periods=12, freq="MS"))
GROUP_KEY = ["group_id", "month", "revenue_type"]
POLICY = QuotaPolicy()
FAIR_POLICY = QuotaPolicy(hardness_weight=0.0)
# new, existing, season_key, is_moved
Account = tuple[float, float, str | None, bool]


@dataclass
class Company:
    """A small company: books per rep, groups per rep; profiles flat unless stated."""

    books: dict[str, list[Account]]
    group_of: dict[str, str]
    goals: dict[str, float] = field(default_factory=lambda: {"new": 120_000.0, "existing": 60_000})
    rates: dict[str, float | None] = field(default_factory=dict)
    shares: dict[str, list[float]] = field(default_factory=dict)
    cycles: dict[str, float] = field(default_factory=dict)
    ramps: dict[str, list[float]] = field(default_factory=dict)

    def frames(self) -> dict[str, Any]:
        accounts = [
            (f"A-{rep}-{number}", rep, self.group_of.get(rep, "house"), *account)
            for rep, book in self.books.items()
            for number, account in enumerate(book)
        ]
        shares = {"(company)": [1 / 12] * 12, **self.shares}
        return {
            "book": pd.DataFrame(
                accounts,
                columns=[
                    "account_id",
                    "rep_id",
                    "group_id",
                    "new_amount",
                    "existing_amount",
                    "season_key",
                    "is_moved",
                ],
            ),
            "seasonality": pd.DataFrame(
                [
                    (kind, key, number, share)
                    for kind in ("new", "existing")
                    for key, profile in shares.items()
                    for number, share in enumerate(profile, 1)
                ],
                columns=["revenue_type", "season_key", "month_number", "share"],
            ),
            "sales_cycles": pd.DataFrame(
                list({"(company)": 0.0, **self.cycles}.items()),
                columns=["season_key", "cycle_months"],
            ),
            "rep_months": pd.DataFrame(
                [
                    (rep, month.date(), ramp)
                    for rep, profile in self.ramps.items()
                    for month, ramp in zip(MONTHS, profile, strict=True)
                ],
                columns=["rep_id", "month", "ramp_rate"],
            ),
            "goals": pd.DataFrame(
                list(self.goals.items()), columns=["revenue_type", "target_amount"]
            ),
            "groups": pd.DataFrame(
                [(group, group.title(), rate) for group, rate in self.rates.items()],
                columns=["group_id", "name", "over_assignment_rate"],
            ),
            "coverers": pd.DataFrame(
                [
                    *((rep, "rep", group) for rep, group in self.group_of.items()),
                    ("__house__", "house", None),
                ],
                columns=["rep_id", "coverer_type", "group_id"],
            ),
            "months": MONTHS,
        }

    def plan(self, policy: QuotaPolicy = POLICY) -> QuotaPlan:
        return allocate_quotas(**self.frames(), policy=policy)


def cents(frame: pd.DataFrame, column: str = "quota_amount") -> pd.Series:
    return frame[column].map(to_cents)


def rep_cents(plan: QuotaPlan) -> dict[str, int]:
    rows = plan.quota_allocations
    return cents(rows).groupby(rows["rep_id"]).sum().to_dict()


def cell_matrix(plan: QuotaPlan) -> pd.DataFrame:
    rows = plan.quota_allocations.assign(cents=cents(plan.quota_allocations))
    return rows.pivot(index="rep_id", columns=["month", "revenue_type"], values="cents")


def two_groups() -> Company:
    return Company(
        books={
            "R1": [(1000, 500, "tech", False), (400, 0, None, True)],
            "R2": [(3000, 100, "tech", False)],
            "R3": [(200, 800, "retail", False), (50, 20, "tech", False), (10, 90, "x", True)],
            "R4": [],
            "__house__": [(9000, 9000, "tech", False)],
        },
        group_of={"R1": "east", "R2": "east", "R3": "west", "R4": "west"},
        rates={"east": 0.05},
        shares={"tech": [0.3, 0.1, 0, 0, 0, 0.1, 0, 0, 0, 0, 0, 0.5]},
        cycles={"tech": 3.5},
        ramps={"R1": [0.3, 0.5, 0.7, 0.9, *[1.0] * 8], "R2": [1.0] * 12},
    )


@st.composite
def companies(draw: st.DrawFn) -> Company:
    reps = [f"R{number:02d}" for number in range(draw(st.integers(1, 7)))]
    groups = draw(st.lists(st.sampled_from("abc"), min_size=len(reps), max_size=len(reps)))
    amount = st.one_of(st.just(0.0), st.integers(1, 10**9).map(lambda value: value / 100))
    account = st.tuples(
        amount, amount, st.sampled_from(["tech", "retail", None, "unseen"]), st.booleans()
    )
    books = {rep: draw(st.lists(account, max_size=4)) for rep in reps}
    if not any(books.values()):
        books[reps[0]] = [draw(account)]
    raw = draw(st.lists(st.integers(0, 9), min_size=12, max_size=12).filter(any))
    goal = st.one_of(
        st.just(0.0), st.integers(1, 500), st.integers(0, 10**15).map(lambda value: value / 100)
    )
    return Company(
        books=books,
        group_of=dict(zip(reps, groups, strict=True)),
        goals={"new": draw(goal) / 100, "existing": draw(goal)},
        rates={group: draw(st.sampled_from([None, 0.0, 0.1, 0.133, 0.25])) for group in "abd"},
        shares={"tech": [value / sum(raw) for value in raw]},
        cycles={"tech": draw(st.floats(0, 15)), "(company)": draw(st.floats(0, 15))},
        ramps={
            rep: draw(st.sampled_from([[1.0] * 12, [0.0] * 12, [0.0] * 6 + [0.5] * 6]))
            for rep in reps[::2]
        },
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(companies())
def test_every_sum_of_a_random_company_holds_to_the_cent(company: Company) -> None:
    plan = company.plan()
    targets, quotas = plan.group_targets, plan.quota_allocations
    goal = {kind: to_cents(amount) for kind, amount in company.goals.items()}
    assert cents(targets, "target_amount").groupby(targets["revenue_type"]).sum().to_dict() == goal
    by_group = cents(quotas).groupby([quotas[key] for key in GROUP_KEY]).sum()
    stated = cents(targets).groupby([targets[key] for key in GROUP_KEY]).sum()
    assert by_group.to_dict() == stated.to_dict()
    assert (quotas["quota_amount"] >= 0).all()
    empty = [rep for rep, book in company.books.items() if not book]
    assert (quotas.loc[quotas["rep_id"].isin(empty), "quota_amount"] == 0).all()
    assert plan.attainment_outlook["probability"].between(0, 1).all()
    frames = company.frames()
    inputs = {key: frames[key] for key in ("book", "goals", "groups", "coverers", "months")}
    assert verify_quotas(targets, quotas, **inputs, default_over_assignment_rate=0.1) == []


def test_plan_has_the_published_columns_sorted_by_key() -> None:
    plan = two_groups().plan()
    assert list(plan.group_targets.columns) == [
        "group_id",
        "month",
        "revenue_type",
        "target_amount",
        "quota_amount",
    ]
    quotas = plan.quota_allocations
    assert list(quotas.columns) == ["rep_id", "group_id", "month", "revenue_type", "quota_amount"]
    assert len(quotas) == 4 * 12 * 2
    assert quotas["month"].unique().tolist() == MONTHS
    ordered = quotas.sort_values(["rep_id", "month", "revenue_type"], ignore_index=True)
    pd.testing.assert_frame_equal(quotas, ordered)


def test_group_carries_its_own_buffer_or_the_default() -> None:
    rows = two_groups().plan().group_targets
    sums = rows.groupby("group_id")[["target_amount", "quota_amount"]].sum()
    ratio = sums["quota_amount"] / sums["target_amount"]
    assert ratio.round(5).to_dict() == {"east": 1.05, "west": 1.10}


def test_targets_follow_expected_business() -> None:
    company = Company(
        books={"R1": [(300, 10, None, False)], "R2": [(100, 30, None, False)]},
        group_of={"R1": "east", "R2": "west"},
    )
    rows = company.plan().group_targets
    sums = rows.groupby(["group_id", "revenue_type"])["target_amount"].sum().round(2)
    assert sums.to_dict() == {
        ("east", "existing"): 15_000,
        ("east", "new"): 90_000,
        ("west", "existing"): 45_000,
        ("west", "new"): 30_000,
    }


def test_new_coverage_carries_no_new_business_quota_before_its_sales_cycle() -> None:
    company = two_groups()
    company.books = {
        "R1": [(1000, 600, "slow", True)],
        "R2": [(1000, 600, "slow", False)],
    }
    company.group_of = {"R1": "east", "R2": "east"}
    company.cycles = {"slow": 6.9}
    company.ramps = {}
    matrix = cell_matrix(company.plan())
    new = matrix.xs("new", axis=1, level="revenue_type")
    assert (new.loc["R1"] > 0).tolist() == [False] * 6 + [True] * 6
    assert (new.loc["R2"] > 0).all()
    assert (matrix.xs("existing", axis=1, level="revenue_type").loc["R1"] > 0).all()


def test_ramping_rep_carries_less() -> None:
    company = Company(
        books={"R1": [(1000, 0, None, False)], "R2": [(1000, 0, None, False)]},
        group_of={"R1": "east", "R2": "east"},
        ramps={"R1": [0.5] * 6 + [1.0] * 6},
    )
    new = cell_matrix(company.plan(FAIR_POLICY)).xs("new", axis=1, level="revenue_type")
    ratio = (new.loc["R1"] / new.loc["R2"]).round(4).tolist()
    assert ratio == [0.5] * 6 + [1.0] * 6


@pytest.mark.parametrize("cycles", [{}, {"unseen": 0.0}])
def test_segment_without_a_profile_follows_the_company(cycles: dict[str, float]) -> None:
    company = Company(
        books={"R1": [(1000, 700, "unseen", False)]},
        group_of={"R1": "east"},
        cycles=cycles,
        shares={"(company)": [0.25, 0.75, *[0.0] * 10]},
    )
    matrix = cell_matrix(company.plan())
    assert matrix.loc["R1"].tolist()[:5] == [1_650_000, 3_300_000, 4_950_000, 9_900_000, 0]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(companies())
def test_equal_books_get_equal_quotas_to_the_cent(company: Company) -> None:
    twin = next(rep for rep, book in company.books.items() if book)
    company.books["ZZ"] = list(reversed(company.books[twin]))
    company.group_of["ZZ"] = company.group_of[twin]
    company.ramps["ZZ"] = company.ramps.get(twin, [1.0] * 12)
    matrix = cell_matrix(company.plan())
    assert (matrix.loc["ZZ"] - matrix.loc[twin]).abs().max() <= 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(companies())
def test_doubled_book_gets_the_doubled_quota_at_any_hardness_weight(company: Company) -> None:
    twin = next(rep for rep, book in company.books.items() if book)
    doubled = [(2 * new, 2 * old, *rest) for new, old, *rest in company.books[twin]]
    company.books["ZZ"] = doubled
    company.group_of["ZZ"] = company.group_of[twin]
    company.ramps["ZZ"] = company.ramps.get(twin, [1.0] * 12)
    if not any(new + old for book in company.books.values() for new, old, *_ in book):
        company.books["ZZ"] = [(2.0, 2.0, None, False)]
        company.books[twin] = [(1.0, 1.0, None, False)]
    if not any(company.ramps["ZZ"]):
        company.ramps = {}
    # A book that pays nothing this year cannot be doubled: everything is split evenly then.
    company.cycles = {}
    matrix = cell_matrix(company.plan(replace(POLICY, hardness_weight=1.0)))
    assert (matrix.loc["ZZ"] - 2 * matrix.loc[twin]).abs().max() <= 2


def test_doubled_book_gets_the_doubled_quota_of_a_type_that_is_a_trifle_beside_the_other() -> None:
    company = Company(
        books={"R1": [(1, 1, None, False)], "R2": [(2, 2, None, False)]},
        group_of={"R1": "east", "R2": "east"},
        goals={"new": 32_807_551.13, "existing": 2},
    )
    matrix = cell_matrix(company.plan(replace(POLICY, hardness_weight=1.0)))
    assert (matrix.loc["R2"] - 2 * matrix.loc["R1"]).abs().max() <= 2


def test_hardness_evens_out_the_standardised_distance_within_its_guard() -> None:
    company = Company(
        books={
            "BIG": [(10_000, 0, None, False)] * 400,
            "SMALL": [(10_000, 0, None, False)] * 4,
        },
        group_of={"BIG": "east", "SMALL": "east"},
        goals={"new": 4_040_000, "existing": 0},
    )
    fair, even = company.plan(FAIR_POLICY), company.plan()

    def chances(plan: QuotaPlan) -> dict[str, float]:
        rows = plan.attainment_outlook
        own = rows[(rows["level"] == "rep") & rows["is_default"]]
        return own.set_index("entity_id")["probability"].to_dict()

    before, after = chances(fair), chances(even)
    assert abs(after["BIG"] - after["SMALL"]) < abs(before["BIG"] - before["SMALL"])
    shift = rep_cents(even)["SMALL"] / rep_cents(fair)["SMALL"] - 1
    assert 0 < shift <= POLICY.max_hardness_shift_rate + 1e-4
    tight = company.plan(replace(POLICY, max_hardness_shift_rate=0.001))
    assert rep_cents(tight)["SMALL"] / rep_cents(fair)["SMALL"] - 1 == pytest.approx(
        0.001, rel=0.01
    )


@pytest.mark.parametrize("policy", [POLICY, FAIR_POLICY])
def test_account_that_changes_rep_takes_its_share_of_quota_along(policy: QuotaPolicy) -> None:
    account: Account = (500, 100, None, False)
    company = Company(
        books={
            "R1": [(1000, 200, None, False), account],
            "R2": [(1500, 300, None, False)],
            "R3": [(400, 0, None, False)],
        },
        group_of={"R1": "east", "R2": "east", "R3": "west"},
    )
    before = rep_cents(company.plan(policy))
    company.books["R1"].remove(account)
    company.books["R2"].append(account)
    after = rep_cents(company.plan(policy))
    assert sum(after.values()) == sum(before.values())
    assert after["R3"] == before["R3"]
    assert after["R1"] + after["R2"] == before["R1"] + before["R2"]
    moved = before["R1"] - after["R1"]
    if policy is FAIR_POLICY:
        share = 120_000 * 110 * 500 / 3400 + 60_000 * 110 * 100 / 600
        assert moved == pytest.approx(share, abs=24)
    else:
        assert moved > 0


def test_a_goal_without_expected_business_of_its_type_follows_the_other_type() -> None:
    company = Company(
        books={"R1": [(300, 0, None, False)], "R2": [(100, 0, None, False)]},
        group_of={"R1": "east", "R2": "east"},
        goals={"new": 0, "existing": 4800},
    )
    assert rep_cents(company.plan()) == {"R1": 396_000, "R2": 132_000}


def test_a_company_that_expects_nothing_splits_evenly_over_reps_with_a_book() -> None:
    company = Company(
        books={"R1": [(0, 0, None, False)], "R2": [(0, 0, None, False)], "R3": []},
        group_of={"R1": "east", "R2": "west", "R3": "west"},
        goals={"new": 2400, "existing": 0},
    )
    assert rep_cents(company.plan()) == {"R1": 132_000, "R2": 132_000, "R3": 0}


def test_goal_zero_gives_a_plan_of_zeros() -> None:
    company = replace(two_groups(), goals={"new": 0, "existing": 0})
    assert set(rep_cents(company.plan()).values()) == {0}


def test_one_rep_carries_the_whole_goal_and_its_buffer() -> None:
    company = Company(books={"R1": [(7, 3, None, False)]}, group_of={"R1": "east"})
    assert rep_cents(company.plan()) == {"R1": 19_800_000}


def test_order_of_input_rows_does_not_matter_to_the_last_bit() -> None:
    company = two_groups()
    amounts = np.random.default_rng(3).lognormal(9, 2, size=(2, 200))
    company.books["R1"] = [(new, old, "tech", False) for new, old in amounts.T]
    frames = company.frames()
    turned = {
        name: frame.iloc[::-1] if isinstance(frame, pd.DataFrame) else frame
        for name, frame in frames.items()
    }
    expected, again = (
        expected_business(QuotaInputs.from_frames(**given_frames), POLICY)
        for given_frames in (frames, turned)
    )
    assert expected.amount.tolist() == again.amount.tolist()
    assert expected.own_variance.tolist() == again.own_variance.tolist()
    first, second = (allocate_quotas(**each, policy=POLICY) for each in (frames, turned))
    pd.testing.assert_frame_equal(first.quota_allocations, second.quota_allocations)
    pd.testing.assert_frame_equal(first.group_targets, second.group_targets)
    pd.testing.assert_frame_equal(first.attainment_outlook, second.attainment_outlook)


def test_outlook_knows_that_a_buffer_alone_does_not_change_what_customers_buy() -> None:
    company = replace(two_groups(), goals={"new": 4000, "existing": 1500})
    rows = company.plan().attainment_outlook
    assert not rows.duplicated(["level", "entity_id", "over_assignment_rate"]).any()
    assert (rows.groupby(["level", "entity_id"])["is_default"].sum() == 1).all()
    chances = rows.groupby(["level", "entity_id"])["probability"].nunique()
    assert (chances[["company", "group"]] == 1).all()
    reps = rows[rows["level"] == "rep"]
    assert set(reps["entity_id"]) == {"R1", "R2", "R3"}
    for _, rep in reps.groupby("entity_id"):
        assert rep["probability"].is_monotonic_decreasing
        assert rep["probability"].is_unique
        growth = rep["target_amount"] / (1 + rep["over_assignment_rate"])
        assert growth.max() - growth.min() < 0.02


def test_outlook_of_the_company_rises_with_the_buffer_where_effort_responds() -> None:
    company = replace(two_groups(), goals={"new": 4000, "existing": 1500})
    rows = company.plan(replace(POLICY, effort_response=0.5)).attainment_outlook
    for level in ("company", "group"):
        for _, entity in rows[rows["level"] == level].groupby("entity_id"):
            assert entity["probability"].is_monotonic_increasing
            assert entity["probability"].iloc[-1] > entity["probability"].iloc[0]


def test_outlook_matches_a_simulation_of_its_own_assumptions() -> None:
    company = Company(
        books={"R1": [(100, 0, None, False)] * 30, "R2": [(250, 0, None, False)] * 8},
        group_of={"R1": "east", "R2": "east"},
        goals={"new": 5500, "existing": 0},
    )
    rows = company.plan().attainment_outlook
    random = np.random.default_rng(7)
    accounts = np.array([100.0] * 30 + [250.0] * 8)
    noise = random.normal(size=(40_000, len(accounts))) * POLICY.account_cv
    shock = random.normal(size=40_000) * POLICY.shared_shock_rate
    total = (accounts * (1 + noise)).sum(axis=1) + accounts.sum() * shock
    stated = rows.loc[(rows["level"] == "company") & rows["is_default"], "probability"].item()
    assert stated == pytest.approx((total >= 5500).mean(), abs=0.01)


def spoiled(name: str, column: str, row: int, value: object) -> dict[str, Any]:
    frames = two_groups().frames()
    frame = frames[name].astype({column: object})
    frame.loc[row, column] = value
    frames[name] = frame
    return frames


@pytest.mark.parametrize(
    ("name", "column", "row", "value", "message"),
    [
        ("goals", "target_amount", 0, -1.0, r"goals.target_amount .*records: new"),
        ("goals", "target_amount", 1, float("nan"), r"goals.target_amount .*records: existing"),
        ("goals", "target_amount", 1, 1e14, r"goals.target_amount .*records: existing"),
        ("goals", "revenue_type", 0, "upsell", r"unknown revenue types \(records: upsell"),
        ("goals", "revenue_type", 0, "existing", r"one row per revenue_type .*existing"),
        ("book", "new_amount", 0, -5.0, r"book.new_amount .*records: A-R1-0"),
        ("book", "existing_amount", 1, None, r"book.existing_amount .*records: A-R1-1"),
        ("book", "account_id", 1, "A-R1-0", r"one row per account_id .*A-R1-0"),
        ("book", "rep_id", 2, "GHOST", r"coverers that do not exist .*A-R2-0 / GHOST"),
        ("book", "group_id", 2, "west", r"coverer's group .*A-R2-0 / west"),
        ("book", "is_moved", 2, None, r"is_moved .*A-R2-0"),
        ("seasonality", "share", 0, 0.9, r"sum to 1 .*new / \(company\)"),
        ("seasonality", "month_number", 0, 13, r"12 monthly shares"),
        ("sales_cycles", "season_key", 0, "other", r"company's row .*\(company\)"),
        ("sales_cycles", "cycle_months", 1, -1.0, r"cycle_months .*records: tech"),
        ("rep_months", "ramp_rate", 3, 1.5, r"ramp_rate .*records: R1 / 2026-10-01"),
        ("rep_months", "month", 3, pd.Timestamp("2031-01-01"), r"12 months .*records: R1"),
        ("groups", "over_assignment_rate", 0, 0.26, r"\[0, 0.25\] .*records: east"),
        ("groups", "over_assignment_rate", 0, -0.01, r"\[0, 0.25\] .*records: east"),
        ("coverers", "group_id", 1, None, r"group_id .*records: R2"),
    ],
)
def test_bad_records_are_named(
    name: str, column: str, row: int, value: object, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        allocate_quotas(**spoiled(name, column, row, value), policy=POLICY)


def test_missing_columns_types_and_books_are_named() -> None:
    frames = two_groups().frames()
    with pytest.raises(DataError, match=r"book lacks columns \(records: is_moved"):
        allocate_quotas(
            **{**frames, "book": frames["book"].drop(columns="is_moved")}, policy=POLICY
        )
    with pytest.raises(DataError, match=r"goals lacks revenue types \(records: existing"):
        allocate_quotas(**{**frames, "goals": frames["goals"].head(1)}, policy=POLICY)
    uncovered = frames["book"][frames["book"]["rep_id"] == "__house__"]
    with pytest.raises(DataError, match="nobody covers any account"):
        allocate_quotas(**{**frames, "book": uncovered}, policy=POLICY)


@pytest.mark.parametrize("months", [MONTHS[:11], [], MONTHS[::-1], [*MONTHS[:11], MONTHS[0]]])
def test_a_year_that_is_not_twelve_following_months_is_refused(months: list[object]) -> None:
    with pytest.raises(DataError, match="12 consecutive first days"):
        allocate_quotas(**{**two_groups().frames(), "months": months}, policy=POLICY)


def test_a_plan_that_fails_verification_is_not_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_cent_short(*args: Any) -> np.ndarray:
        quotas = whole_cents(*args)
        quotas[0, 0, 0] -= 1
        return quotas

    whole_cents = plan_module._whole_cents
    monkeypatch.setattr(plan_module, "_whole_cents", one_cent_short)
    with pytest.raises(VerificationError, match="rep quotas must sum to their group's quota"):
        two_groups().plan()


@pytest.mark.parametrize(
    "settings",
    [
        {"max_hardness_shift_rate": 1.5},
        {"account_cv": -1.0},
        {"effort_response": -0.1},
        {"scenario_rates": (0.1, -0.1)},
        {"max_over_assignment_rate": 1.1},
    ],
)
def test_policy_refuses_values_without_a_meaning(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        QuotaPolicy(**settings)
