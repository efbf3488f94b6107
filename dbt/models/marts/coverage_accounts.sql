with

accounts as (select * from {{ ref('int_accounts__segmented') }}),

calendar as (select * from {{ ref('int_company__calendar') }}),

potential as (select * from {{ ref('int_accounts__potential') }}),

win_rates as (
    select *
    from {{ ref('int_profiles__rep_win_rates') }}
    where rep_id = '(segment)'
),

coverers as (select * from {{ ref('coverage_coverers') }}),

employees as (select * from {{ ref('stg_hr__employees') }}),

-- An override counts until it expires. Two on one account are a divorce from one rep and a marriage
-- to another (anything else is refused when the file is read): the marriage says both.
overrides as (
    select
        ranked.account_id,
        ranked.rep_id,
        ranked.action,
        ranked.reason
    from (
        select
            overrides.*,
            row_number() over (partition by overrides.account_id order by overrides.action desc, overrides.rep_id, overrides.author)
                as choice
        from {{ source('policy', 'overrides') }} as overrides
        cross join calendar
        where overrides.expires_on is null or overrides.expires_on >= calendar.as_of_on
    ) as ranked
    where ranked.choice = 1
),

late_deals as (
    select distinct opportunities.account_id
    from {{ ref('int_opportunities__profiled') }} as opportunities
    inner join {{ source('policy', 'lock_stages') }} as stages on opportunities.stage = stages.stage
    where not opportunities.is_closed
),

present as (
    select
        accounts.account_id,
        accounts.owner_rep_id,
        coverers.rep_id as present_rep_id,
        case
            when coverers.rep_id is not null then null
            when accounts.owner_rep_id is null then 'unassigned'
            when employees.terminated_on is not null then 'leaver'
            else 'unknown_owner'
        end as vacancy_reason
    from accounts
    left join coverers on accounts.owner_rep_id = coverers.rep_id and coverers.coverer_type = 'rep'
    left join employees on accounts.owner_rep_id = employees.rep_id
),

wanted as (
    select
        accounts.account_id,
        accounts.hours_per_year,
        overrides.action is not null as is_override,
        case
            when overrides.action is not null then overrides.action
            when present.present_rep_id is not null and (
                (accounts.is_named and calendar.lock_named_accounts) or late_deals.account_id is not null
            ) then 'married'
        end as lock_action,
        case when overrides.action is not null then overrides.rep_id else present.present_rep_id end as lock_rep_id,
        case
            when overrides.action is not null then 'override: ' || coalesce(overrides.reason, 'no reason given')
            when accounts.is_named and calendar.lock_named_accounts then 'named account'
            else 'open late-stage deal'
        end as lock_reason,
        potential.existing_deals_per_year * potential.existing_value_per_win as existing_potential
    from accounts
    cross join calendar
    inner join potential on accounts.account_id = potential.account_id
    inner join present on accounts.account_id = present.account_id
    left join overrides on accounts.account_id = overrides.account_id
    left join late_deals on accounts.account_id = late_deals.account_id
),

-- A rule locks as many of a rep's accounts as the rep can carry, the largest first; an override
-- always binds, and says so if it cannot be met.
ordered as (
    select
        wanted.*,
        sum(hours_per_year) over (
            partition by lock_action, lock_rep_id
            order by is_override desc, existing_potential desc, account_id
            rows between unbounded preceding and current row
        ) as running_hours,
        row_number() over (
            partition by lock_action, lock_rep_id
            order by is_override desc, existing_potential desc, account_id
        ) as running_count
    from wanted
    where lock_action is not null
),

locks as (
    select
        ordered.account_id,
        ordered.lock_action,
        ordered.lock_rep_id,
        ordered.lock_reason
    from ordered
    left join coverers on ordered.lock_rep_id = coverers.rep_id
    where
        ordered.is_override
        or (ordered.running_hours <= coverers.capacity_hours and ordered.running_count <= coverers.max_accounts)
),

joined as (
    select
        accounts.account_id,
        accounts.name,
        accounts.segment_id,
        accounts.industry,
        accounts.region,
        accounts.size_band,
        accounts.lifecycle,
        accounts.hours_per_year,
        present.present_rep_id,
        present.owner_rep_id as previous_owner_rep_id,
        present.vacancy_reason,
        locks.lock_action,
        locks.lock_rep_id,
        locks.lock_reason,
        {{ shift_odds('win_rates.win_rate', 'potential.win_effect') }} as segment_win_rate,
        win_rates.margin_rate + potential.margin_difference as margin_rate,
        potential.new_deals_per_year * potential.new_value_per_win
        * {{ shift_odds('win_rates.won_value_rate', 'potential.win_effect') }} as new_amount,
        potential.existing_deals_per_year * potential.existing_value_per_win
        * {{ shift_odds('win_rates.won_value_rate', 'potential.win_effect') }} as existing_amount
    from accounts
    inner join potential on accounts.account_id = potential.account_id
    inner join present on accounts.account_id = present.account_id
    left join win_rates
        on accounts.industry = win_rates.industry
        and accounts.region = win_rates.geography
        and accounts.size_band = win_rates.size_band
    left join locks on accounts.account_id = locks.account_id
),

-- Rates and values say how accounts compare; their level is set so that the whole company is
-- expected to win what it won in the last twelve months, by revenue type.
level_ as (
    select
        coalesce(actual.new_amount / nullif(sum(joined.new_amount), 0), 1) as new_factor,
        coalesce(actual.existing_amount / nullif(sum(joined.existing_amount), 0), 1) as existing_factor
    from joined
    cross join (
        select
            nullif(sum(case when revenue_type = 'new' then amount end), 0) as new_amount,
            nullif(sum(case when revenue_type = 'existing' then amount end), 0) as existing_amount
        from {{ ref('int_opportunities__profiled') }}
        where is_won and age_days < 365
    ) as actual
    group by actual.new_amount, actual.existing_amount
)

select
    account_id,
    name,
    segment_id,
    industry,
    region,
    size_band,
    lifecycle,
    cast(hours_per_year as double precision) as hours_per_year,
    present_rep_id,
    previous_owner_rep_id,
    vacancy_reason,
    lock_action,
    lock_rep_id,
    lock_reason,
    cast(coalesce(segment_win_rate, 0) as double precision) as segment_win_rate,
    cast(coalesce(margin_rate, 1) as double precision) as margin_rate,
    cast(coalesce(new_amount * new_factor, 0) as double precision) as new_amount,
    cast(coalesce(existing_amount * existing_factor, 0) as double precision) as existing_amount,
    cast(coalesce(existing_amount * existing_factor, 0) * coalesce(margin_rate, 1) as double precision)
        as existing_contribution_amount
from joined
cross join level_
