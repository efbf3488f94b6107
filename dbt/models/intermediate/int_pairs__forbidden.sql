-- Pairs that may not be, whatever they are worth: a person forbade them, or the account left that
-- rep for another within twelve months (no way back: A to B to A helps nobody).
with

present as (select * from {{ ref('int_accounts__present_owner') }}),

locks as (select * from {{ ref('int_accounts__locks') }}),

reps as (
    select rep_id
    from {{ ref('coverage_coverers') }}
    where coverer_type <> 'house'
),

found as (
    select
        account_id,
        rep_id,
        'override: ' || reason as reason
    from {{ ref('int_overrides__in_force') }}
    where action = 'forbidden'
    union all
    select
        past.account_id,
        past.from_rep_id,
        'no way back within twelve months'
    from {{ source('history', 'past_changes') }} as past
    cross join {{ ref('int_company__calendar') }} as calendar
    inner join present on past.account_id = present.account_id
    left join locks
        on past.account_id = locks.account_id
        and past.from_rep_id = locks.lock_rep_id
        and locks.lock_action = 'married'
    where
        past.changed_on > {{ dbt.dateadd('month', -12, 'calendar.as_of_on') }}
        and past.to_rep_id <> '__house__'
        and past.from_rep_id is distinct from present.present_rep_id
        and locks.account_id is null
)

select
    found.account_id,
    found.rep_id,
    min(found.reason) as reason
from found
inner join present on found.account_id = present.account_id
inner join reps on found.rep_id = reps.rep_id
group by found.account_id, found.rep_id
