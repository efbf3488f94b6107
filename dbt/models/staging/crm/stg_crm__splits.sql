-- Shares of a deal are taken of their sum: percentages and shares of 1 are the same, and credit
-- that overlay roles have beside the reps lets no deal count more than once.
with

summed as (
    select
        opportunity_id,
        rep_id,
        sum(share) as share
    from {{ ref('base_crm__splits') }}
    where quarantine_reason is null
    group by 1, 2
)

select
    opportunity_id,
    rep_id,
    share / sum(share) over (partition by opportunity_id) as share
from summed
