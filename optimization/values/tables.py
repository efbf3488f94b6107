"""The tables that values follow from, as the warehouse hands them over."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pandas as pd


@dataclass(frozen=True, eq=False)
class ValueTables:
    """Frames, each named like the mart it comes from.

    Attributes:
        coverage_accounts: account_id, present_rep_id, hours_per_year, size_band, industry,
            is_stale, segment_win_rate, margin_rate, new_amount and existing_amount (a year,
            whoever covers the account), family_id, lock_action, lock_rep_id; one row per account.
        coverage_coverers: rep_id, coverer_type (rep, partner, house).
        pair_accounts: account_id, profile_id, year_starts_in, has_direct_deal, win_effect,
            margin_difference, account_cv2; one row per account.
        pair_win_rates: profile_id, rep_id, win_rate, new_won_value_rate,
            existing_won_value_rate, margin_rate, advantage_sd, creation_factor, creation_sd,
            value_factor, is_counted; the rep "(segment)" is one of whom nothing is known.
        rep_similarities: rep_id, other_rep_id, similarity.
        forbidden_pairs: account_id, rep_id, reason.
        asked_certificates: account_id, certification, is_hard, loss_rate.
        held_certificates: rep_id, certification.
        strength_notes: rep_id, profile_id, is_strength, note.
        value_months: month, month_number, is_in_horizon.
        rep_months: rep_id, month, ramp_rate; coverers without any row are fully able.
        seasonality: revenue_type, season_key, month_number, share.
        customer_seasons: revenue_type, customer_month, factor.
        sales_cycles: season_key, cycle_months.
        new_business_lags: season_key, month, created_later_rate.
        account_pipeline: account_id, month, pipeline_amount, win_count, pipeline_square.
    """

    coverage_accounts: pd.DataFrame
    coverage_coverers: pd.DataFrame
    pair_accounts: pd.DataFrame
    pair_win_rates: pd.DataFrame
    rep_similarities: pd.DataFrame
    forbidden_pairs: pd.DataFrame
    asked_certificates: pd.DataFrame
    held_certificates: pd.DataFrame
    strength_notes: pd.DataFrame
    value_months: pd.DataFrame
    rep_months: pd.DataFrame
    seasonality: pd.DataFrame
    customer_seasons: pd.DataFrame
    sales_cycles: pd.DataFrame
    new_business_lags: pd.DataFrame
    account_pipeline: pd.DataFrame


VALUE_TABLES: tuple[str, ...] = tuple(field.name for field in fields(ValueTables))
