with

accounts as (select * from {{ ref('int_accounts__segmented') }}),

calendar as (select * from {{ ref('int_company__calendar') }}),

settings as (select * from {{ ref('stg_policy__company_settings') }}),

potential as (select * from {{ ref('int_accounts__potential') }}),

win_rates as (select * from {{ ref('stg_strength__win_rates') }} where rep_id = '(segment)'),

present as (select * from {{ ref('int_accounts__present_owner') }}),

locks as (select * from {{ ref('int_accounts__locks') }}),

families as (select * from {{ ref('int_accounts__families') }}),

-- Moves that plans made by choice within the days of the move budget still count against it, and
-- against those of the group and the rep that handed the account over, whether the rep is still
-- there.
recent_moves as (
    select
        past.account_id,
        count(*) as move_count,
        {{ dbt.listagg(
            "coalesce(coverers.group_id, employees.group_id)", "' | '", "order by past.changed_on"
        ) }} as group_ids,
        {{ dbt.listagg("past.from_rep_id", "' | '", "order by past.changed_on") }} as rep_ids
    from {{ ref('stg_history__past_changes') }} as past
    cross join calendar
    cross join settings
    left join {{ ref('int_coverers__capacity') }} as coverers on past.from_rep_id = coverers.rep_id
    left join {{ ref('stg_hr__employees') }} as employees on past.from_rep_id = employees.rep_id
    where
        past.origin = 'plan'
        and {{ dbt.datediff('past.changed_on', 'calendar.as_of_on', 'day') }}
        < settings.move_budget_days
    group by past.account_id
),

touches as (
    select seen.account_id, max(seen.touched_on) as touched_on
    from (
        select account_id, activity_on as touched_on from {{ ref('stg_crm__activities') }}
        union all
        select account_id, greatest(created_on, coalesce(closed_on, created_on))
        from {{ ref('int_opportunities__profiled') }}
    ) as seen
    cross join calendar
    where seen.touched_on <= calendar.as_of_on
    group by seen.account_id
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
        owners.group_id as owner_group_id,
        present.vacancy_reason,
        present.owner_source,
        locks.lock_action,
        locks.lock_rep_id,
        locks.lock_reason,
        locks.lock_source,
        families.family_id,
        coalesce(recent_moves.move_count, 0) as recent_move_count,
        recent_moves.group_ids as recent_move_group_ids,
        recent_moves.rep_ids as recent_move_rep_ids,
        settings.stale_days is not null
        and (
            touches.touched_on is null
            or {{ dbt.datediff('touches.touched_on', 'calendar.as_of_on', 'day') }}
            > settings.stale_days
        ) as is_stale,
        {{ shift_odds('win_rates.win_rate', 'potential.win_effect') }} as segment_win_rate,
        win_rates.margin_rate + potential.margin_difference as margin_rate,
        amounts.new_amount,
        amounts.existing_amount
    from accounts
    cross join calendar
    cross join settings
    inner join potential on accounts.account_id = potential.account_id
    inner join {{ ref('coverage_accounts__amounts') }} as amounts
        on accounts.account_id = amounts.account_id
    inner join present on accounts.account_id = present.account_id
    inner join families on accounts.account_id = families.account_id
    left join {{ ref('stg_hr__employees') }} as owners
        on present.owner_rep_id = owners.rep_id
    left join recent_moves on accounts.account_id = recent_moves.account_id
    left join touches on accounts.account_id = touches.account_id
    left join win_rates on accounts.profile_id = win_rates.profile_id
    left join locks on accounts.account_id = locks.account_id
)

select
    joined.account_id,
    joined.name,
    joined.segment_id,
    joined.industry,
    joined.region,
    joined.size_band,
    joined.lifecycle,
    cast(joined.hours_per_year as double precision) as hours_per_year,
    joined.present_rep_id,
    joined.previous_owner_rep_id,
    joined.owner_group_id,
    joined.vacancy_reason,
    joined.owner_source,
    joined.lock_action,
    joined.lock_rep_id,
    joined.lock_reason,
    joined.lock_source,
    joined.family_id,
    cast(joined.recent_move_count as bigint) as recent_move_count,
    joined.recent_move_group_ids,
    joined.recent_move_rep_ids,
    joined.is_stale,
    cast(coalesce(joined.segment_win_rate, 0) as double precision) as segment_win_rate,
    cast(coalesce(joined.margin_rate, 1) as double precision) as margin_rate,
    cast(joined.new_amount as double precision) as new_amount,
    cast(joined.existing_amount as double precision) as existing_amount
from joined
