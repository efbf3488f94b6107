-- Every group that has a coverer; those the company file does not list get the default buffer.
with

coverers as (
    select distinct group_id
    from {{ ref('int_coverers__capacity') }}
    where coverer_type <> 'house'
),

listed as (select * from {{ ref('stg_policy__groups') }})

select
    coalesce(listed.group_id, coverers.group_id) as group_id,
    coalesce(listed.name, listed.group_id, coverers.group_id) as name,
    cast(coalesce(listed.over_assignment_rate, 0.10) as double precision) as over_assignment_rate,
    cast(listed.budget_amount as double precision) as budget_amount,
    coverers.group_id is not null as has_coverers
from coverers
full outer join listed on coverers.group_id = listed.group_id
