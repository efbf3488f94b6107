-- Share of a month's new business that comes from deals nobody has begun yet: the further off the
-- month, the more. What coverage creates counts by this share; the rest is the open pipeline, so
-- that no deal counts twice. From the cycles of won deals, an industry's shrunk to the company's by
-- 20 deals. Where the source records no open deals, or nothing was won yet, the pipeline is unknown
-- and the share is 1.
{% set pseudo_deals = 20.0 %}

with

profiled as (select * from {{ ref('int_opportunities__profiled') }}),

known as (
    select
        coalesce(sum(case when not is_closed then 1 else 0 end), 0) > 0
        and coalesce(
            sum(case when is_won and revenue_type = 'new' and cycle_days > 0 then 1 else 0 end), 0
        ) > 0
            as has_pipeline
    from profiled
),

won as (
    select
        industry,
        cycle_days / 30.4375 as months
    from profiled
    where is_won and revenue_type = 'new' and cycle_days >= 0
),

keyed as (
    select industry as season_key, months from won
    union all
    select '(company)' as season_key, months from won
),

season_keys as (
    select season_key from {{ ref('sales_cycles') }}
),

-- A month m ahead runs from m - 1 to m: of the deals that close in it, those of a cycle shorter
-- than the time to their close have yet to begin.
months as (
    select
        month,
        month_ahead
    from {{ ref('int_company__horizon_months') }}
),

counted as (
    select
        season_keys.season_key,
        months.month,
        months.month_ahead,
        count(keyed.months) as deals,
        -- An industry without a won deal has no row to add: least() would take the missing cycle
        -- for 1.
        coalesce(sum(
            case
                when keyed.months is not null
                    then greatest(0.0, least(1.0, months.month_ahead - keyed.months))
            end
        ), 0) as later
    from season_keys
    cross join months
    left join keyed on season_keys.season_key = keyed.season_key
    group by 1, 2, 3
)

select
    counted.season_key,
    counted.month,
    cast(counted.month_ahead as integer) as month_ahead,
    cast(case
        when not known.has_pipeline then 1.0
        else (counted.later + {{ pseudo_deals }} * company.later / company.deals)
            / (counted.deals + {{ pseudo_deals }})
    end as double precision) as created_later_rate,
    cast(counted.deals as bigint) as won_count,
    known.has_pipeline
from counted
cross join known
inner join counted as company
    on company.season_key = '(company)'
    and counted.month = company.month
