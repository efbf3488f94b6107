-- What each pair the optimiser may choose from is worth, in parts that add up, and why it may not be.
with

accounts as (select * from {{ ref('coverage_accounts') }}),

coverers as (select * from {{ ref('int_coverers__capacity') }}),

settings as (select * from {{ ref('stg_policy__company_settings') }}),

win_rates as (select * from {{ ref('stg_strength__win_rates') }}),

pairs as (select * from {{ ref('int_pairs__weighed') }}),

uncertified as (select * from {{ ref('int_pairs__uncertified') }}),

forbidden as (select * from {{ ref('int_pairs__forbidden') }}),

direct_deals as (
    select distinct account_id
    from {{ ref('stg_crm__opportunities') }}
    where not is_closed
),

guard as (select * from {{ ref('stg_strength__guard') }}),

potential as (select * from {{ ref('int_accounts__potential') }}),

-- The named strength or weakness that says most about a rep on a kind of account; one of this kind of
-- account says more than one overall.
named as (
    select
        win_rates.rep_id,
        win_rates.industry,
        win_rates.region,
        win_rates.size_band,
        strengths.effect > 0 as is_strength,
        case when strengths.dimension = 'overall' then 'overall' else 'in ' || replace(strengths.dimension, '_', ' ') || ' ' || strengths.level end
        || ' (' || cast(strengths.won_count as varchar) || ' of ' || cast(strengths.deal_count as varchar)
        || ' deals won where ' || cast(cast(round(strengths.expected_win_rate * strengths.deal_count) as bigint) as varchar)
        || ' were expected)' as note,
        row_number() over (
            partition by win_rates.rep_id, win_rates.industry, win_rates.region, win_rates.size_band, strengths.effect > 0
            order by case when strengths.dimension = 'overall' then 1 else 0 end, abs(strengths.effect) desc, strengths.dimension
        ) as place
    from win_rates
    inner join {{ ref('stg_strength__rep_strengths') }} as strengths
        on win_rates.rep_id = strengths.rep_id
        and strengths.is_named
        and (
            strengths.dimension = 'overall'
            or (strengths.dimension = 'industry' and strengths.level = win_rates.industry)
            or (strengths.dimension = 'geography' and strengths.level = win_rates.region)
            or (strengths.dimension = 'size_band' and strengths.level = win_rates.size_band)
        )
),

economics as (
    select
        pairs.account_id,
        pairs.rep_id,
        coverers.coverer_type,
        accounts.existing_contribution_amount,
        accounts.is_stale,
        coalesce(uncertified.loss_rate, 0.0) as certificate_loss_rate,
        case
            when forbidden.reason is not null then forbidden.reason
            when uncertified.mode = 'hard' then 'no certificate ' || uncertified.certification
            when coverers.coverer_type = 'partner' and direct_deals.account_id is not null then 'direct deal open'
        end as forbidden_reason,
        accounts.industry,
        accounts.region,
        accounts.size_band,
        accounts.new_amount,
        accounts.existing_amount,
        coalesce(pairs.rep_id = accounts.present_rep_id, false) as is_present,
        accounts.present_rep_id is not null as has_present,
        (accounts.new_amount + accounts.existing_amount) * settings.horizon_months / 12.0 as amount,
        accounts.margin_rate,
        accounts.segment_win_rate,
        coalesce(mine.margin_rate + potential.margin_difference, accounts.margin_rate) as rep_margin_rate,
        coalesce({{ shift_odds('mine.win_rate', 'potential.win_effect') }}, accounts.segment_win_rate) as win_rate,
        -- Bookings under this rep over bookings under a rep of whom nothing is known.
        coalesce(
            {{ shift_odds('mine.won_value_rate', 'potential.win_effect') }}
            / nullif({{ shift_odds('nobody.won_value_rate', 'potential.win_effect') }}, 0)
            * exp(guard.value_multiplier * coalesce(value_effects.effect, 0.0)),
            1.0
        ) as booking_factor,
        -- Squared coefficient of variation of the account's bookings, whoever covers it.
        potential.value_cv2 + (
            accounts.new_amount * accounts.new_amount * potential.new_rate_cv2
            + accounts.existing_amount * accounts.existing_amount * potential.existing_rate_cv2
        ) / nullif((accounts.new_amount + accounts.existing_amount) * (accounts.new_amount + accounts.existing_amount), 0)
            as account_cv2,
        guard.multiplier,
        guard.is_on or guard.is_value_on as is_strength_used,
        mine.advantage_sd,
        case when coverers.coverer_type = 'house' then 0.0 else accounts.hours_per_year end as hours,
        coalesce(partners.margin_share, 0.0) as margin_share,
        coalesce(similarities.similarity, 0.0) as similarity,
        settings.cost_per_hour,
        settings.horizon_months / 12.0 as horizon_years,
        settings.disruption_rate,
        settings.uncovered_loss_rate
    from pairs
    inner join accounts on pairs.account_id = accounts.account_id
    inner join coverers on pairs.rep_id = coverers.rep_id
    inner join potential on pairs.account_id = potential.account_id
    cross join settings
    cross join guard
    left join win_rates as nobody
        on nobody.rep_id = '(segment)'
        and accounts.industry = nobody.industry
        and accounts.region = nobody.region
        and accounts.size_band = nobody.size_band
    left join {{ ref('stg_strength__effects') }} as value_effects
        on value_effects.model = 'value'
        and value_effects.term = 'rep'
        and pairs.rep_id = value_effects.rep_id
    left join win_rates as mine
        on pairs.rep_id = mine.rep_id
        and accounts.industry = mine.industry
        and accounts.region = mine.region
        and accounts.size_band = mine.size_band
    left join uncertified on pairs.account_id = uncertified.account_id and pairs.rep_id = uncertified.rep_id
    left join forbidden on pairs.account_id = forbidden.account_id and pairs.rep_id = forbidden.rep_id
    left join direct_deals on pairs.account_id = direct_deals.account_id
    left join {{ ref('stg_policy__partners') }} as partners on pairs.rep_id = partners.partner_id
    left join {{ ref('int_reps__similarity') }} as similarities
        on accounts.present_rep_id = similarities.rep_id
        and pairs.rep_id = similarities.other_rep_id
),

valued as (
    select
        account_id,
        rep_id,
        industry,
        region,
        size_band,
        is_present,
        hours,
        similarity,
        forbidden_reason,
        certificate_loss_rate * greatest(amount * margin_rate, 0.0) as soft_rule_amount,
        win_rate,
        -- What the coverer is counted on to win; nobody wins nothing.
        case
            when coverer_type = 'house' then 0.0
            when is_strength_used then new_amount * booking_factor
            else new_amount
        end as new_amount,
        case
            when coverer_type = 'house' then 0.0
            when is_strength_used then existing_amount * booking_factor
            else existing_amount
        end as existing_amount,
        case when coverer_type = 'house' then 0.0 else amount * margin_rate end as segment_value_amount,
        case
            -- Exactly nothing where no strength counts, not the rounding of two equal sums.
            when coverer_type = 'rep' and is_strength_used
                then amount * (booking_factor * rep_margin_rate - margin_rate)
            else 0.0
        end as strength_value_amount,
        case
            when coverer_type = 'partner' then greatest(amount * margin_rate, 0.0) * margin_share
            else hours * cost_per_hour * horizon_years
        end as cost_to_serve_amount,
        case
            when coverer_type = 'house' then uncovered_loss_rate * greatest(existing_contribution_amount, 0.0)
            when is_present or not has_present or is_stale then 0.0
            -- Schmitz et al. measured 13-18 % of a customer's yearly sales lost after a change of
            -- rep, less where the successor's experience is alike.
            else disruption_rate * greatest(existing_contribution_amount, 0.0) * (1 - similarity)
        end as disruption_amount,
        -- Of rate, value and strength; delta method: d(ln win rate) = (1 - p) d(advantage).
        case
            when coverer_type = 'house' then 0.0
            else abs(amount * booking_factor * rep_margin_rate) * sqrt(
                coalesce(account_cv2, 0.0)
                + (1 - win_rate) * (1 - win_rate) * multiplier * multiplier
                * coalesce(advantage_sd * advantage_sd, 0.0)
            )
        end as value_sd_amount
    from economics
)

select
    valued.account_id,
    valued.rep_id,
    valued.is_present,
    cast(hours as double precision) as hours,
    cast(segment_value_amount as double precision) as segment_value_amount,
    cast(strength_value_amount as double precision) as strength_value_amount,
    cast(cost_to_serve_amount as double precision) as cost_to_serve_amount,
    cast(disruption_amount as double precision) as disruption_amount,
    cast(soft_rule_amount as double precision) as soft_rule_amount,
    cast(
        segment_value_amount + strength_value_amount - cost_to_serve_amount - disruption_amount - soft_rule_amount
        as double precision
    ) as value_amount,
    cast(value_sd_amount as double precision) as value_sd_amount,
    cast(new_amount as double precision) as new_amount,
    cast(existing_amount as double precision) as existing_amount,
    cast(win_rate as double precision) as win_rate,
    cast(similarity as double precision) as similarity,
    forbidden_reason,
    named.note as strength_note
from valued
left join named
    on named.place = 1
    and valued.rep_id = named.rep_id
    and valued.industry = named.industry
    and valued.region = named.region
    and valued.size_band = named.size_band
    and ((valued.strength_value_amount > 0 and named.is_strength) or (valued.strength_value_amount < 0 and not named.is_strength))
