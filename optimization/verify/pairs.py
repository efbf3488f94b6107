"""Recompute what the weighed pairs are worth and use, one by one and month by month.

A second computation: it shares the tables with ``optimization.values`` and nothing else but the
policy, so that a wrong factor, month or share on either side shows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from optimization.policy import ValuePolicy
from optimization.values.tables import ValueTables
from optimization.verify.tables import differs, report, same

COMPANY_KEY, NOBODY = "(company)", "(segment)"
PAIRS_AT_ONCE = 50_000
NEW, EXISTING = "new", "existing"
NOT_SO = "of a pair is not what its inputs say"
# What a pair says of itself that follows from its account, owner and unit.
SAID = (
    "is_present",
    "unit_account_id",
    "is_chosen_move",
    "present_group_id",
    "potential_amount",
    "is_open",
)
RECOMPUTED = (
    "hours",
    "segment_value_amount",
    "strength_value_amount",
    "cost_to_serve_amount",
    "absence_amount",
    "disruption_amount",
    "soft_rule_amount",
    "value_amount",
    "value_sd_amount",
    "strength_sd_amount",
    "new_amount",
    "existing_amount",
    "unserved_amount",
    "win_rate",
    "similarity",
)


def check_values(pairs: pd.DataFrame, tables: ValueTables, policy: ValuePolicy) -> Iterator[str]:
    """Check every amount of every weighed pair, and why it may not be.

    Args:
        pairs: Table ``coverage_pairs``.
        tables: What values follow from.
        policy: What a change and nobody lose.
    """
    facts = _Facts(tables, policy)
    pairs = pairs.reset_index(drop=True)
    named = pairs["account_id"] + " / " + pairs["rep_id"]
    for begin in range(0, len(pairs), PAIRS_AT_ONCE):
        part = pairs.iloc[begin : begin + PAIRS_AT_ONCE]
        expected = facts.of(part)
        for column in RECOMPUTED:
            wrong = differs(part[column], expected[column])
            yield from report(f"{column} {NOT_SO}", named[part.index][wrong])
        for column in ("forbidden_reason", "strength_note"):
            wrong = ~same(part[column], expected[column])
            yield from report(f"{column} {NOT_SO}", named[part.index][wrong])


def recomputed(pairs: pd.DataFrame, tables: ValueTables, policy: ValuePolicy) -> pd.DataFrame:
    """Recompute what pairs are worth; RECOMPUTED, forbidden_reason and strength_note by pair.

    Args:
        pairs: account_id and rep_id, any index.
        tables: What values follow from.
        policy: What a change and nobody lose.
    """
    facts = _Facts(tables, policy)
    parts = [
        facts.of(pairs.iloc[begin : begin + PAIRS_AT_ONCE])
        for begin in range(0, len(pairs), PAIRS_AT_ONCE)
    ]
    return pd.concat(parts)


def check_uses(pairs: pd.DataFrame) -> Iterator[str]:
    """Check what pairs are said to use and whom they belong to.

    Args:
        pairs: Table ``coverage_pairs`` with account and owner (``limits.with_owner``), whose own
            columns end in "_said".
    """
    named = pairs["account_id"] + " / " + pairs["rep_id"]
    first = pairs.groupby("unit")["account_id"].transform("min")
    members = pairs.groupby("unit")["account_id"].transform("nunique")
    key = [pairs["unit"], pairs["rep_id"]]
    listed = pairs.groupby(key)["account_id"].transform("nunique")
    shut = pairs["is_barred"].groupby(key).transform("any")
    potential = pairs["new_amount_account"] + pairs["existing_amount_account"]
    for column, wrong in (
        ("unit_account_id", ~same(pairs["unit_account_id_said"], first)),
        ("is_present", pairs["is_present_said"].astype(bool) != pairs["is_present"]),
        ("is_chosen_move", pairs["is_chosen_move_said"].astype(bool) != pairs["is_chosen_move"]),
        ("present_group_id", ~same(pairs["present_group_id_said"], pairs["owner_group"])),
        ("potential_amount", differs(pairs["potential_amount_said"], potential)),
        ("is_open", pairs["is_open_said"].astype(bool) != (~shut & (listed == members))),
    ):
        yield from report(f"{column} of a pair is wrong", named[wrong])


class _Facts:
    """The tables, indexed for one pair at a time."""

    def __init__(self, tables: ValueTables, policy: ValuePolicy) -> None:
        self.policy = policy
        accounts = tables.coverage_accounts.set_index("account_id")
        self.accounts = accounts.join(tables.pair_accounts.set_index("account_id"))
        self.types = tables.coverage_coverers.set_index("rep_id")["coverer_type"]
        self.rates = tables.pair_win_rates.set_index(["profile_id", "rep_id"])
        self.counts = bool(tables.pair_win_rates["is_counted"].any())
        self.alike = tables.rep_similarities.set_index(["rep_id", "other_rep_id"])["similarity"]
        self.barred = tables.forbidden_pairs.set_index(["account_id", "rep_id"])["reason"]
        self.asked = tables.asked_certificates
        self.held = pd.MultiIndex.from_frame(tables.held_certificates[["rep_id", "certification"]])
        self.notes = tables.strength_notes.set_index(["rep_id", "profile_id", "is_strength"])
        self.share = {partner.partner_id: partner.margin_share for partner in policy.partners}
        months = tables.value_months.sort_values("month")
        self.months = pd.DatetimeIndex(pd.to_datetime(months["month"]))
        self.numbers = months["month_number"].tolist()
        self.in_horizon = months["is_in_horizon"].tolist()
        key = tables.seasonality[["revenue_type", "season_key", "month_number"]]
        self.shares: dict[tuple[str, str, int], float] = dict(
            zip(key.itertuples(index=False, name=None), tables.seasonality["share"], strict=True)
        )
        seasons = tables.customer_seasons.set_index(["revenue_type", "customer_month"])["factor"]
        self.own_year = seasons.to_dict()
        self.cycles = tables.sales_cycles.set_index("season_key")["cycle_months"].to_dict()
        lags, ability, open_ = (
            table.assign(month=pd.to_datetime(table["month"]))
            for table in (tables.new_business_lags, tables.rep_months, tables.account_pipeline)
        )
        self.lags = lags.set_index(["season_key", "month"])["created_later_rate"].to_dict()
        self.ability = ability.set_index(["rep_id", "month"])["ramp_rate"].to_dict()
        self.open = open_.set_index(["account_id", "month"])["pipeline_amount"]
        self.year_begins = (self.months[0].month - self.numbers[0]) % 12 + 1

    def of(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Recompute RECOMPUTED, forbidden_reason and strength_note; one row per pair."""
        rows = pairs[["account_id", "rep_id"]].join(self.accounts, on="account_id")
        rows["type"] = rows["rep_id"].map(self.types)
        is_house, is_rep = rows["type"] == "house", rows["type"] == "rep"
        owner = rows["present_rep_id"]
        is_new = ~is_house & (rows["rep_id"] != owner)
        keys = pd.MultiIndex.from_frame(rows[["profile_id", "rep_id"]])
        mine = self.rates.reindex(keys).set_index(rows.index)
        nobody = self.rates.reindex(
            pd.MultiIndex.from_arrays([rows["profile_id"], [NOBODY] * len(rows)])
        ).set_index(rows.index)
        used = is_rep & self.counts
        odds = np.exp(rows["win_effect"])

        def moved(rate: pd.Series[float]) -> pd.Series[float]:
            return pd.Series(rate * odds / (1 - rate + rate * odds))

        factor = {}
        for kind in (NEW, EXISTING):
            column = f"{kind}_won_value_rate"
            ratio = moved(mine[column]) / moved(nobody[column]).where(lambda rate: rate != 0)
            ratio = ratio * mine["creation_factor"] * mine["value_factor"]
            factor[kind] = ratio.fillna(1.0).where(used, 1.0)
        margin = rows["margin_rate"]
        won_margin = (mine["margin_rate"] + rows["margin_difference"]).where(used).fillna(margin)
        pair = pd.MultiIndex.from_arrays([owner, rows["rep_id"]])
        alike = pd.Series(self.alike.reindex(pair).to_numpy(), index=rows.index).fillna(0.0)
        loses = is_new & owner.notna() & ~rows["is_stale"].astype(bool)
        kept = (1 - self.policy.disruption_rate * (1 - alike)).where(loses, 1.0)
        lacking, hard = self._certificates(rows, is_rep)

        sums = self._months(rows, is_house, is_new)
        new, old = rows["new_amount"], rows["existing_amount"]
        unserved = old * (1 - self.policy.uncovered_loss_rate)
        alone = unserved * sums["alone"]
        anyone = new * sums["new_full"] + old * sums["old_full"] + sums["open_full"]
        able = new * factor[NEW] * sums["new_full"] + old * factor[EXISTING] * sums["old_full"]
        able = able + sums["open_full"]
        known = new * factor[NEW] * sums["new_known"] + old * factor[EXISTING] * sums["served"]
        worked = new * factor[NEW] * sums["new_here"]
        worked = worked + old * factor[EXISTING] * sums["served"] * kept
        untouched = known + alone + sums["open_known"]
        here = worked + alone + sums["open_here"]
        untouched = untouched.where(~is_new | (untouched > here), here)
        gainful = won_margin.clip(lower=0.0)
        soft = lacking * worked * gainful
        cost = rows["rep_id"].map(self.share).fillna(0.0)
        cost = cost * (here * gainful - soft).clip(lower=0.0)
        table = pd.DataFrame(index=rows.index)
        table["hours"] = rows["hours_per_year"].where(~is_house, 0.0)
        table["segment_value_amount"] = anyone.where(~is_house, alone) * margin
        table["strength_value_amount"] = (able * won_margin - anyone * margin).where(used, 0.0)
        lost = (able - untouched) * gainful
        table["absence_amount"] = lost.where(~is_house, 0.0)
        changed = (untouched - here) * gainful
        table["disruption_amount"] = changed.where(is_new, 0.0)
        table["soft_rule_amount"], table["cost_to_serve_amount"] = soft, cost
        table["value_amount"] = (
            table["segment_value_amount"]
            + table["strength_value_amount"]
            - table[
                ["absence_amount", "disruption_amount", "soft_rule_amount", "cost_to_serve_amount"]
            ].sum(axis=1)
        )
        win_rate = moved(mine["win_rate"]).fillna(rows["segment_win_rate"])
        sd = ((1 - win_rate) * mine["advantage_sd"].fillna(0.0)) ** 2
        sd = ((sd + mine["creation_sd"].fillna(0.0) ** 2) ** 0.5).where(is_rep, 0.0)
        size = (able.where(~is_house, alone) * won_margin).abs()
        table["value_sd_amount"] = size * np.sqrt(rows["account_cv2"] + sd**2)
        table["strength_sd_amount"] = size * sd
        table["new_amount"] = (new * factor[NEW] * (1 - lacking)).where(~is_house, 0.0)
        served = old * factor[EXISTING] * kept * (1 - lacking)
        table["existing_amount"] = served.where(~is_house, unserved)
        table["unserved_amount"], table["win_rate"], table["similarity"] = unserved, win_rate, alike
        table["forbidden_reason"] = self._reasons(rows, hard)
        table["strength_note"] = self._notes(rows, table["strength_value_amount"])
        return table

    def _certificates(
        self, rows: pd.DataFrame, is_rep: pd.Series[bool]
    ) -> tuple[pd.Series[float], pd.Series[str]]:
        """Share lost for want of certificates, and the first that only certified reps may lack."""
        asked = rows.loc[is_rep, ["account_id", "rep_id"]].reset_index()
        asked = asked.merge(self.asked, on="account_id")
        held = pd.MultiIndex.from_frame(asked[["rep_id", "certification"]]).isin(self.held)
        lacked = asked[~held]
        loss = lacked.groupby("index")["loss_rate"].sum().clip(upper=1.0)
        hard = lacked[lacked["is_hard"].astype(bool)].groupby("index")["certification"].min()
        return loss.reindex(rows.index).fillna(0.0), hard.reindex(rows.index)

    def _months(
        self, rows: pd.DataFrame, is_house: pd.Series[bool], is_new: pd.Series[bool]
    ) -> dict[str, pd.Series[float]]:
        """Sum over the horizon what each month brings of one a year, by what it is."""
        zero = pd.Series(0.0, index=rows.index)
        names = "alone new_full old_full open_full new_known new_here served open_known open_here"
        sums = {name: zero.copy() for name in names.split()}
        reps, rep = np.unique(rows["rep_id"].to_numpy(dtype=object), return_inverse=True)
        of_rep = np.array(
            [[self.ability.get((name, month), 1.0) for month in self.months] for name in reps]
        )
        ability = pd.DataFrame(of_rep[rep], index=rows.index).mask(is_house, 0.0)
        works = ability.to_numpy() > 0
        begins = np.where(works.any(axis=1), works.argmax(axis=1), 0)
        cycle = rows["industry"].map(self.cycles).fillna(self.cycles[COMPANY_KEY])
        first = begins + np.floor(cycle.to_numpy())
        waiting = zero.copy()
        industries = rows["industry"].unique()
        for place, month in enumerate(self.months):
            counts = float(self.in_horizon[place])
            new_share = self._share(NEW, rows, place)
            old_share = self._share(EXISTING, rows, place)
            all_ = self.lags.get((COMPANY_KEY, month), 1.0)
            later = rows["industry"].map({i: self.lags.get((i, month), all_) for i in industries})
            at = pd.MultiIndex.from_arrays([rows["account_id"], [month] * len(rows)])
            open_ = pd.Series(self.open.reindex(at).to_numpy(), index=rows.index).fillna(0.0)
            able, is_early = ability[place], is_new & (place < first)
            waiting = waiting + open_.where(is_early, 0.0)
            lands = is_new & (first == place)
            handed = open_.where(~is_early, 0.0) + waiting.where(lands, 0.0)
            for name, amount in (
                ("new_full", new_share * later),
                ("old_full", old_share),
                ("open_full", open_),
                ("new_known", new_share * later * able),
                ("new_here", (new_share * later * able).where(~is_early, 0.0)),
                ("served", old_share * able),
                ("alone", old_share * (1 - able)),
                ("open_known", open_ * able),
                ("open_here", handed * able),
            ):
                sums[name] = sums[name] + counts * amount
        return sums

    def _share(self, kind: str, rows: pd.DataFrame, place: int) -> pd.Series[float]:
        """Share of a year's business in a month: the industry's, by the customer's own year."""
        known = {key for of_kind, key, _ in self.shares if of_kind == kind}
        kinds = rows[["industry", "year_starts_in"]].drop_duplicates()
        shares = [
            self._shifted(kind, industry if industry in known else COMPANY_KEY, start, place)
            for industry, start in kinds.itertuples(index=False)
        ]
        found = rows[["industry", "year_starts_in"]].merge(
            kinds.assign(share=shares), on=["industry", "year_starts_in"], how="left"
        )
        return found["share"].set_axis(rows.index)

    def _shifted(self, kind: str, industry: str, start: float, place: int) -> float:
        number = self.numbers[place]
        if pd.isna(start) or not self.own_year:
            return float(self.shares[kind, industry, number])
        weights = {}
        for month in range(1, 13):
            calendar = (self.year_begins - 1 + month - 1) % 12 + 1
            factor = self.own_year.get((kind, int((calendar - start) % 12 + 1)), 1.0)
            weights[month] = self.shares[kind, industry, month] * factor
        total = sum(weights.values())
        return float(weights[number] / total if total > 0 else self.shares[kind, industry, number])

    def _reasons(self, rows: pd.DataFrame, hard: pd.Series[str]) -> pd.Series[str]:
        stated = pd.MultiIndex.from_frame(rows[["account_id", "rep_id"]])
        reason = pd.Series(self.barred.reindex(stated).to_numpy(), index=rows.index, dtype=object)
        reason = reason.fillna("no certificate " + hard)
        direct = (rows["type"] == "partner") & rows["has_direct_deal"].astype(bool)
        return reason.fillna(pd.Series("direct deal open", index=rows.index).where(direct))

    def _notes(self, rows: pd.DataFrame, strength: pd.Series[float]) -> pd.Series[str]:
        key = pd.MultiIndex.from_arrays([rows["rep_id"], rows["profile_id"], strength > 0])
        note = pd.Series(self.notes["note"].reindex(key).to_numpy(), index=rows.index)
        return note.where(strength != 0)
