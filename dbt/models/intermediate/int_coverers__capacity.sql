with

reps as (
    select
        rep_id,
        max(group_id) as group_id,
        max(role) as role,
        sum(available_hours) as capacity_hours
    from {{ ref('int_reps__months') }}
    where is_plan_year
    group by rep_id
),

settings as (select * from {{ ref('stg_policy__company_settings') }})

select
    reps.rep_id,
    'rep' as coverer_type,
    reps.group_id,
    reps.role,
    cast(reps.capacity_hours as double precision) as capacity_hours,
    cast(settings.max_accounts_per_rep as bigint) as max_accounts
from reps
cross join settings
union all
select
    partner_id,
    'partner',
    'partner',
    'partner',
    cast(hours_per_year as double precision),
    cast(max_accounts as bigint)
from {{ ref('stg_policy__partners') }}
union all
-- Uncovered is a priced choice, never silent: the house takes what nobody else can.
select
    '__house__',
    'house',
    'house',
    'house',
    cast(null as double precision),
    cast(null as bigint)
