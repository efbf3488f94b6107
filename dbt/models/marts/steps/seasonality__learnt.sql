-- What was won in each month of the fiscal year, by revenue type, of the company and of each
-- industry with enough deals: in all years before a year that is held out, and in that year. Only
-- whole years count: a month seen once more than another would look like a peak.
{% set fewest_deals = 60 %}

with

settings as (select * from {{ ref('stg_policy__company_settings') }}),

deals as (
    select
        revenue_type,
        industry,
        usual_amount as amount,
        cast(floor(age_days / 365.0) as integer) as years_ago,
        closed_on
    from {{ ref('int_opportunities__profiled') }}
    where is_won
),

span as (
    select greatest(1, cast(floor((max(age_days) + 1) / 365.0) as integer)) as years
    from {{ ref('int_opportunities__profiled') }}
    where is_won
),

won as (
    select
        deals.revenue_type,
        deals.industry,
        deals.amount,
        deals.years_ago,
        cast(
            (12 + extract(month from deals.closed_on) - settings.fiscal_year_start_month) % 12 + 1
            as integer
        )
            as month_number
    from deals
    cross join settings
    cross join span
    where deals.years_ago < span.years
),

frequent as (
    select revenue_type, industry from won group by 1, 2 having count(*) >= {{ fewest_deals }}
),

keyed as (
    select revenue_type, '(company)' as season_key, month_number, years_ago, amount from won
    union all
    select won.revenue_type, won.industry, won.month_number, won.years_ago, won.amount
    from won
    inner join frequent
        on won.revenue_type = frequent.revenue_type and won.industry = frequent.industry
),

keys as (
    select distinct revenue_type, season_key from keyed
    union
    select 'new', '(company)'
    union
    select 'existing', '(company)'
),

-- Year -1 stands for now: everything is known, nothing is held out.
years as (
    select distinct years_ago from won
    union
    select -1
),

grid as (
    select
        keys.revenue_type,
        keys.season_key,
        months.month_number,
        years.years_ago as held_out
    from keys
    cross join {{ ref('int_company__plan_months') }} as months
    cross join years
),

monthly as (
    select
        revenue_type,
        season_key,
        month_number,
        years_ago,
        sum(amount) as amount,
        count(*) as deals
    from keyed
    group by 1, 2, 3, 4
)

select
    grid.revenue_type,
    grid.season_key,
    grid.month_number,
    grid.held_out,
    coalesce(sum(case when monthly.years_ago > grid.held_out then monthly.amount end), 0) as amount,
    coalesce(sum(case when monthly.years_ago > grid.held_out then monthly.deals end), 0) as deals,
    coalesce(sum(case when monthly.years_ago = grid.held_out then monthly.amount end), 0)
        as actual_amount
from grid
left join monthly
    on grid.revenue_type = monthly.revenue_type
    and grid.season_key = monthly.season_key
    and grid.month_number = monthly.month_number
group by 1, 2, 3, 4
