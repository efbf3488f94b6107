-- Pairs that may not be, whatever they are worth: a person forbade them, or the account left that
-- rep for another within twelve months (no way back: A to B to A helps nobody), unless a lock holds
-- it or its family with that rep.
with

present as (select * from {{ ref('int_accounts__present_owner') }}),

families as (select * from {{ ref('int_accounts__families') }}),

kept as (
    select distinct
        coalesce(members.account_id, locks.account_id) as account_id,
        locks.lock_rep_id as rep_id
    from {{ ref('int_accounts__locks') }} as locks
    left join families as mine on locks.account_id = mine.account_id
    left join families as members on mine.family_id = members.family_id
    where locks.lock_action = 'keep'
),

reps as (
    select rep_id
    from {{ ref('int_coverers__capacity') }}
    where coverer_type <> 'house'
),

found as (
    select
        account_id,
        rep_id,
        'override: ' || reason as reason
    from {{ ref('int_overrides__in_force') }}
    where action = 'forbid'
    union all
    select
        past.account_id,
        past.from_rep_id,
        'no way back within twelve months'
    from {{ ref('stg_history__past_changes') }} as past
    cross join {{ ref('int_company__calendar') }} as calendar
    inner join present on past.account_id = present.account_id
    left join kept on past.account_id = kept.account_id and past.from_rep_id = kept.rep_id
    where
        past.changed_on > {{ dbt.dateadd('month', -12, 'calendar.as_of_on') }}
        and past.to_rep_id <> '__house__'
        and past.from_rep_id is distinct from present.present_rep_id
        and kept.account_id is null
)

select
    found.account_id,
    found.rep_id,
    min(found.reason) as reason
from found
inner join present on found.account_id = present.account_id
inner join reps on found.rep_id = reps.rep_id
group by found.account_id, found.rep_id
