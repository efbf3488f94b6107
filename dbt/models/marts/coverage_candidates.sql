-- The pairs the optimiser may choose from: per account the reps worth most on its profile, others
-- spread by a stable hash (so that accounts of one profile do not all queue for the same few reps),
-- the present owner, a locked-in rep, the partners its size band allows, and the house.
with

accounts as (select * from {{ ref('coverage_accounts') }}),

coverers as (select * from {{ ref('coverage_coverers') }}),

calendar as (select * from {{ ref('int_company__calendar') }}),

win_rates as (select * from {{ ref('int_profiles__rep_win_rates') }}),

ranked as (
    select
        accounts.account_id,
        win_rates.rep_id,
        row_number() over (
            partition by accounts.account_id
            order by win_rates.win_rate desc, md5(accounts.account_id || win_rates.rep_id)
        ) as value_rank,
        row_number() over (
            partition by accounts.account_id
            order by md5(accounts.account_id || win_rates.rep_id)
        ) as spread_rank
    from accounts
    inner join win_rates
        on accounts.industry = win_rates.industry
        and accounts.region = win_rates.geography
        and accounts.size_band = win_rates.size_band
    where win_rates.rep_id <> '(segment)'
),

pairs as (
    select
        ranked.account_id,
        ranked.rep_id
    from ranked
    cross join calendar
    where
        ranked.value_rank <= (calendar.candidates_per_account + 1) / 2
        or ranked.spread_rank <= calendar.candidates_per_account / 2
    union
    select account_id, present_rep_id
    from accounts
    where present_rep_id is not null
    union
    select accounts.account_id, accounts.lock_rep_id
    from accounts
    inner join coverers on accounts.lock_rep_id = coverers.rep_id
    where accounts.lock_action = 'married'
    union
    select accounts.account_id, bands.partner_id
    from accounts
    inner join {{ source('policy', 'partner_size_bands') }} as bands on accounts.size_band = bands.size_band
    union
    select account_id, '__house__'
    from accounts
),

economics as (
    select
        pairs.account_id,
        pairs.rep_id,
        coverers.coverer_type,
        accounts.existing_contribution_amount,
        accounts.new_amount,
        accounts.existing_amount,
        coalesce(pairs.rep_id = accounts.present_rep_id, false) as is_present,
        accounts.present_rep_id is not null as has_present,
        (accounts.new_amount + accounts.existing_amount) * accounts.margin_rate * calendar.horizon_months / 12.0
            as contribution,
        accounts.segment_win_rate,
        coalesce(mine.win_rate, accounts.segment_win_rate) as win_rate,
        mine.advantage,
        mine.advantage_sd,
        owners.advantage as owner_advantage,
        owners.advantage_sd as owner_advantage_sd,
        case when coverers.coverer_type = 'house' then 0.0 else accounts.hours_per_year end as hours,
        coalesce(partners.margin_share, 0.0) as margin_share,
        coalesce(similarities.similarity, 0.0) as similarity,
        calendar.cost_per_hour,
        calendar.horizon_months / 12.0 as horizon_years,
        calendar.disruption_rate,
        calendar.uncovered_loss_rate
    from pairs
    inner join accounts on pairs.account_id = accounts.account_id
    inner join coverers on pairs.rep_id = coverers.rep_id
    cross join calendar
    left join win_rates as mine
        on pairs.rep_id = mine.rep_id
        and accounts.industry = mine.industry
        and accounts.region = mine.geography
        and accounts.size_band = mine.size_band
    left join win_rates as owners
        on accounts.present_rep_id = owners.rep_id
        and accounts.industry = owners.industry
        and accounts.region = owners.geography
        and accounts.size_band = owners.size_band
    left join {{ source('policy', 'partners') }} as partners on pairs.rep_id = partners.partner_id
    left join {{ ref('int_reps__similarity') }} as similarities
        on accounts.present_rep_id = similarities.rep_id
        and pairs.rep_id = similarities.other_rep_id
),

valued as (
    select
        account_id,
        rep_id,
        is_present,
        hours,
        similarity,
        -- What the coverer is counted on to win; nobody wins nothing.
        case
            when coverer_type = 'house' then 0.0
            when coverer_type = 'partner' or segment_win_rate <= 0 then 1.0
            else win_rate / segment_win_rate
        end as booking_factor,
        new_amount,
        existing_amount,
        case when coverer_type = 'house' then 0.0 else contribution end as segment_value_amount,
        case
            when coverer_type <> 'rep' or segment_win_rate <= 0 then 0.0
            else contribution * (win_rate / segment_win_rate - 1)
        end as strength_value_amount,
        case
            when coverer_type = 'partner' then greatest(contribution, 0.0) * margin_share
            else hours * cost_per_hour * horizon_years
        end as cost_to_serve_amount,
        case
            when coverer_type = 'house' then uncovered_loss_rate * greatest(existing_contribution_amount, 0.0)
            when is_present or not has_present then 0.0
            -- Schmitz et al. measured 13-18 % of a customer's yearly sales lost after a change of
            -- rep, less where the successor's experience is alike.
            else disruption_rate * greatest(existing_contribution_amount, 0.0) * (1 - similarity)
        end as disruption_amount,
        -- Delta method: d(win rate) = p (1 - p) d(advantage).
        case
            when coverer_type <> 'rep' or segment_win_rate <= 0 then 0.0
            else abs(contribution) / segment_win_rate * win_rate * (1 - win_rate) * coalesce(advantage_sd, 0.0)
        end as value_sd_amount,
        case
            when coverer_type <> 'rep' or not has_present or is_present then null
            else {{ normal_cdf('((advantage - owner_advantage) / sqrt(advantage_sd * advantage_sd + owner_advantage_sd * owner_advantage_sd))') }}
        end as probability_beats_owner
    from economics
)

select
    account_id,
    rep_id,
    is_present,
    cast(hours as double precision) as hours,
    cast(segment_value_amount as double precision) as segment_value_amount,
    cast(strength_value_amount as double precision) as strength_value_amount,
    cast(cost_to_serve_amount as double precision) as cost_to_serve_amount,
    cast(disruption_amount as double precision) as disruption_amount,
    cast(segment_value_amount + strength_value_amount - cost_to_serve_amount - disruption_amount as double precision)
        as value_amount,
    cast(value_sd_amount as double precision) as value_sd_amount,
    cast(new_amount * booking_factor as double precision) as new_amount,
    cast(existing_amount * booking_factor as double precision) as existing_amount,
    cast(similarity as double precision) as similarity,
    cast(probability_beats_owner as double precision) as probability_beats_owner
from valued
