-- Median months from creation to a won close, by industry; below 20 won deals an industry takes the
-- company's.
with

won as (
    select
        industry,
        cycle_days / 30.4375 as months
    from {{ ref('int_opportunities__profiled') }}
    where is_won and cycle_days >= 0
),

company as (
    select
        coalesce(percentile_cont(0.5) within group (order by months), 0) as months,
        count(*) as won_count
    from won
),

by_industry as (
    select
        industry,
        percentile_cont(0.5) within group (order by months) as months,
        count(*) as won_count
    from won
    group by industry
)

select
    by_industry.industry as season_key,
    cast(
        case when by_industry.won_count >= 20 then by_industry.months else company.months end
        as double precision
    )
        as cycle_months,
    cast(by_industry.won_count as bigint) as won_count
from by_industry
cross join company
union all
select
    '(company)',
    cast(months as double precision),
    cast(won_count as bigint)
from company
