-- Share of won value by month of the fiscal year, shrunk to a flat year with 24 pseudo-deals a type.
-- Only whole years count: a month seen once more than another would look like a peak.
-- The season is used only where it predicted the last full year better than a flat split did.
{% set pseudo_deals = 24.0 %}

with

calendar as (select * from {{ ref('int_company__calendar') }}),

span as (
    select 365 * greatest(1, floor((max(age_days) + 1) / 365.0)) as days
    from {{ ref('int_opportunities__profiled') }}
    where is_won
),

won as (
    select
        deals.revenue_type,
        deals.amount,
        deals.age_days,
        cast((12 + extract(month from deals.closed_on) - calendar.fiscal_year_start_month) % 12 + 1 as integer)
            as month_number
    from {{ ref('int_opportunities__profiled') }} as deals
    cross join calendar
    cross join span
    where deals.is_won and deals.age_days < span.days
),

grid as (
    select
        revenue_types.revenue_type,
        months.month_number
    from {{ ref('int_company__plan_months') }} as months
    cross join (select 'new' as revenue_type union all select 'existing') as revenue_types
),

monthly as (
    select
        grid.revenue_type,
        grid.month_number,
        coalesce(sum(won.amount), 0) as amount,
        coalesce(sum(case when won.age_days >= 365 then won.amount end), 0) as earlier_amount,
        coalesce(sum(case when won.age_days < 365 then won.amount end), 0) as later_amount,
        count(won.amount) as deals,
        count(case when won.age_days >= 365 then won.amount end) as earlier_deals
    from grid
    left join won on grid.revenue_type = won.revenue_type and grid.month_number = won.month_number
    group by 1, 2
),

totals as (
    select
        revenue_type,
        sum(amount) as amount,
        sum(earlier_amount) as earlier_amount,
        sum(later_amount) as later_amount,
        sum(deals) as deals,
        sum(earlier_deals) as earlier_deals
    from monthly
    group by 1
),

shares as (
    select
        monthly.revenue_type,
        monthly.month_number,
        case
            when totals.amount > 0
                then (monthly.amount / totals.amount * totals.deals + {{ pseudo_deals }} / 12) / (totals.deals + {{ pseudo_deals }})
            else 1 / 12.0
        end as seasonal_share,
        case
            when totals.earlier_amount > 0
                then (monthly.earlier_amount / totals.earlier_amount * totals.earlier_deals + {{ pseudo_deals }} / 12)
                    / (totals.earlier_deals + {{ pseudo_deals }})
        end as earlier_share,
        monthly.later_amount / nullif(totals.later_amount, 0) as later_share
    from monthly
    inner join totals on monthly.revenue_type = totals.revenue_type
),

tested as (
    select
        revenue_type,
        sum((earlier_share - later_share) * (earlier_share - later_share)) as seasonal_error,
        sum((1 / 12.0 - later_share) * (1 / 12.0 - later_share)) as flat_error
    from shares
    group by 1
)

select
    shares.revenue_type,
    '(company)' as season_key,
    cast(shares.month_number as integer) as month_number,
    case when coalesce(tested.seasonal_error < tested.flat_error, false)
        then cast(shares.seasonal_share as double precision) else cast(1 / 12.0 as double precision) end as share,
    case when coalesce(tested.seasonal_error < tested.flat_error, false) then 'seasonal' else 'flat' end as method,
    cast(tested.seasonal_error as double precision) as seasonal_error,
    cast(tested.flat_error as double precision) as flat_error
from shares
inner join tested on shares.revenue_type = tested.revenue_type
