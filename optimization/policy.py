"""Policies of a plan: the few numbers a company sets, as frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True)
class CoveragePolicy:
    """What bounds the coverage plan.

    Attributes:
        move_budget_rate: Share of accounts with an active owner that may change coverer by
            choice; moves that a decision, a rule or a family forces are not limited.
        move_budget_amount_rate: Share of these accounts' yearly potential that may do so; None
            for no such rule.
        rep_move_rate: Share of its accounts that a rep may lose by choice; None for no such rule.
        mip_gap: Relative gap at which the solver may stop.
        solve_seconds: Wall seconds the solver may take.
        overtime_amount_per_hour: Price over the horizon of one hour a year beyond a coverer's
            capacity; only what today's accounts lack may be bought, so nobody is loaded further.
        seed: Seed handed to the solver.
        exact_pairs: Eligible pairs up to which the exact model is tried; beyond, prices and search.
        group_move_rates: Group and share of its accounts that may change coverer by choice.
        balance_band_rate: How far a rep's potential may lie off its share of the group's; None
            for no such rule.
        balance_price_rate: Price of one unit of potential outside the band.
        ote_price_rate: Price of one unit of potential outside the band that a rep's on-target
            earnings ask for, where the coverers state one; 0 for no such rule.
        min_load_rate: Share of a rep's hours that accounts should fill.
        idle_amount_per_hour: Price over the horizon of one hour a year below that share.
        partner_budgets: Partner and most margin it may keep over the horizon.
    """

    move_budget_rate: float = 0.10
    move_budget_amount_rate: float | None = None
    rep_move_rate: float | None = None
    mip_gap: float = 0.0005
    solve_seconds: float = 120.0
    overtime_amount_per_hour: float = 120.0
    seed: int = 20260701
    exact_pairs: int = 25_000
    group_move_rates: tuple[tuple[str, float], ...] = ()
    balance_band_rate: float | None = None
    balance_price_rate: float = 0.02
    ote_price_rate: float = 0.0
    min_load_rate: float = 0.0
    idle_amount_per_hour: float = 20.0
    partner_budgets: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        """Refuse values without a meaning."""
        _require(0 <= self.move_budget_rate <= 1, "move_budget_rate must lie in [0, 1]")
        for name in ("move_budget_amount_rate", "rep_move_rate", "balance_band_rate"):
            rate = getattr(self, name)
            _require(rate is None or 0 <= rate <= 1, f"{name} must lie in [0, 1]")
        _require(0 <= self.mip_gap < 1, "mip_gap must lie in [0, 1)")
        _require(self.solve_seconds > 0, "solve_seconds must be positive")
        _require(self.exact_pairs >= 0, "exact_pairs must not be negative")
        _require(
            0 <= self.overtime_amount_per_hour < float("inf"),
            "overtime_amount_per_hour must be finite and not negative",
        )
        _require(
            all(0 <= rate <= 1 for _, rate in self.group_move_rates),
            "group_move_rates must lie in [0, 1]",
        )
        _require(0 <= self.min_load_rate <= 1, "min_load_rate must lie in [0, 1]")
        for name in ("balance_price_rate", "ote_price_rate", "idle_amount_per_hour"):
            _require(0 <= getattr(self, name) < float("inf"), f"{name} must not be negative")
        _require(
            all(amount >= 0 for _, amount in self.partner_budgets),
            "partner_budgets must not be negative",
        )


@dataclass(frozen=True)
class PartnerTerms:
    """What a partner may cover, and for which share of the margin.

    Attributes:
        partner_id: Name.
        margin_share: Share of the margin it keeps.
        size_bands: Size bands it may cover.
    """

    partner_id: str
    margin_share: float
    size_bands: tuple[str, ...]


@dataclass(frozen=True)
class ValuePolicy:
    """What a pair of account and coverer is valued by.

    Attributes:
        disruption_rate: Share of an account's existing business that a change of coverer loses
            where the two have nothing in common. Schmitz et al. (2020) measured 13 to 18 % of a
            customer's yearly sales, less where the successor's experience is alike.
        uncovered_loss_rate: Share of its existing business that an uncovered account loses.
        candidates_per_account: Reps that an account's choice begins with.
        partners: Terms of each partner.
    """

    disruption_rate: float = 0.15
    uncovered_loss_rate: float = 0.15
    candidates_per_account: int = 10
    partners: tuple[PartnerTerms, ...] = ()


@dataclass(frozen=True)
class QuotaPolicy:
    """What bounds targets and quotas.

    Attributes:
        default_over_assignment_rate: Buffer of a group that states none.
        max_over_assignment_rate: Upper guard of any group's buffer.
        company_buffer_rate: Targets of the groups above the company's own goal.
        hardness_weight: Price on unequal hardness of quotas within a group; 0 leaves every
            quota at its fair share.
        max_hardness_shift_rate: How far that price may move a rep's year off its fair share.
        anti_ratchet_weight: Price on a change from last year's quota beyond the change of the
            book; only where last year's quotas are known.
        year_on_year_band: Largest such change, as a share; None sets no limit.
        first_year_multiple: Most that a rep whose book is mostly taken over is asked for, in
            multiples of what its accounts brought in the last twelve months; None for no limit.
        month_figure_cv: Largest standard deviation over mean, by chance of single deals, of a rep's
            month that carries a figure; beyond it only quarters do. None lets every month.
        ote_weight: Price on a quota outside the role's band of quota to on-target earnings.
        account_cv: How unsure the level of one account's business is: standard deviation over
            mean, chance of single deals not counted.
        shared_shock_rate: Standard deviation of a good or bad year of the whole market, used
            as two years' worth of evidence beside the company's own history.
        effort_response: Relative rise of sales per unit of buffer. 0 says that a higher quota
            does not change what customers buy.
        scenario_rates: Buffers whose probabilities are published beside the chosen one.
        wanted_probability: Chance of the number that the smallest buffer is searched for.
        stacked_warning_rate: Sum of all layers' buffers above which a warning is given.
        simulation_count: Years drawn.
        seed: Seed of the draws.
    """

    default_over_assignment_rate: float = 0.10
    max_over_assignment_rate: float = 0.25
    company_buffer_rate: float = 0.0
    hardness_weight: float = 0.1
    max_hardness_shift_rate: float = 0.10
    anti_ratchet_weight: float = 0.5
    year_on_year_band: float | None = None
    first_year_multiple: float | None = None
    month_figure_cv: float | None = 1.0
    ote_weight: float = 0.1
    account_cv: float = 0.5
    shared_shock_rate: float = 0.10
    effort_response: float = 0.0
    scenario_rates: tuple[float, ...] = (0.0, 0.05, 0.10, 0.15, 0.20)
    wanted_probability: float = 0.7
    stacked_warning_rate: float = 0.20
    simulation_count: int = 4000
    seed: int = 20260701

    def __post_init__(self) -> None:
        """Refuse values without a meaning."""
        _require(
            0 <= self.default_over_assignment_rate <= self.max_over_assignment_rate <= 1,
            "0 <= default_over_assignment_rate <= max_over_assignment_rate <= 1 must hold",
        )
        for name in (
            "company_buffer_rate",
            "hardness_weight",
            "anti_ratchet_weight",
            "ote_weight",
            "account_cv",
            "shared_shock_rate",
            "effort_response",
            "stacked_warning_rate",
        ):
            _require(getattr(self, name) >= 0, f"{name} must not be negative")
        _require(
            0 <= self.max_hardness_shift_rate <= 1, "max_hardness_shift_rate must lie in [0, 1]"
        )
        _require(
            self.year_on_year_band is None or self.year_on_year_band >= 0,
            "year_on_year_band must not be negative",
        )
        _require(
            self.first_year_multiple is None or self.first_year_multiple > 0,
            "first_year_multiple must be positive",
        )
        _require(
            self.month_figure_cv is None or self.month_figure_cv > 0,
            "month_figure_cv must be positive",
        )
        _require(
            all(rate >= 0 for rate in self.scenario_rates), "scenario_rates must not be negative"
        )
        _require(0 < self.wanted_probability < 1, "wanted_probability must lie in (0, 1)")
        _require(self.simulation_count >= 1, "simulation_count must be positive")
