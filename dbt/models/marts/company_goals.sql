-- The company goal for the plan's fiscal year: as given, or the last twelve months grown.
with

goals as (select * from {{ source('policy', 'goals') }}),

last_year as (
    select
        revenue_type,
        sum(amount) as won_amount
    from {{ ref('int_opportunities__profiled') }}
    where is_won and age_days < 365
    group by 1
)

select
    goals.revenue_type,
    cast(round(cast(
        coalesce(goals.target_amount, coalesce(last_year.won_amount, 0) * (1 + goals.growth_rate)) as decimal(18, 4)
    ), 2) as decimal(18, 2)) as target_amount,
    cast(coalesce(last_year.won_amount, 0) as double precision) as won_amount_last_year,
    case when goals.target_amount is not null then 'given' else 'grown' end as method
from goals
left join last_year on goals.revenue_type = last_year.revenue_type
