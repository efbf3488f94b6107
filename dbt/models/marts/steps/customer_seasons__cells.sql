-- What customers bought in each month of their own fiscal year, beside what the company's season
-- leads to expect: by revenue type, the month their year starts in, and how many years ago.
with

settings as (select * from {{ ref('stg_policy__company_settings') }}),

known as (
    select
        account_id,
        fiscal_year_start_month as starts_in
    from {{ ref('stg_crm__accounts') }}
    where fiscal_year_start_month is not null
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
        known.starts_in,
        cast(floor(deals.age_days / 365.0) as integer) as years_ago,
        cast((12 + extract(month from deals.closed_on) - known.starts_in) % 12 + 1 as integer)
            as customer_month,
        deals.usual_amount as amount
    from {{ ref('int_opportunities__profiled') }} as deals
    inner join known on deals.account_id = known.account_id
    cross join span
    where deals.is_won and cast(floor(deals.age_days / 365.0) as integer) < span.years
),

totals as (
    select
        revenue_type,
        industry,
        starts_in,
        years_ago,
        sum(amount) as amount
    from won
    group by 1, 2, 3, 4
),

keys as (select distinct revenue_type, season_key from {{ ref('seasonality') }}),

expected as (
    select
        totals.revenue_type,
        totals.starts_in,
        totals.years_ago,
        cast(
            (
                12 + (settings.fiscal_year_start_month + seasons.month_number - 2) % 12 + 1
                - totals.starts_in
            ) % 12 + 1 as integer
        ) as customer_month,
        sum(totals.amount * seasons.share) as amount
    from totals
    cross join settings
    left join keys
        on totals.revenue_type = keys.revenue_type
        and totals.industry = keys.season_key
    inner join {{ ref('seasonality') }} as seasons
        on totals.revenue_type = seasons.revenue_type
        and seasons.season_key = coalesce(keys.season_key, '(company)')
    group by 1, 2, 3, 4
),

actual as (
    select
        revenue_type,
        starts_in,
        years_ago,
        customer_month,
        sum(amount) as amount,
        count(*) as deals
    from won
    group by 1, 2, 3, 4
)

select
    expected.*,
    coalesce(actual.amount, 0) as actual_amount,
    coalesce(actual.deals, 0) as deals
from expected
left join actual
    on expected.revenue_type = actual.revenue_type
    and expected.starts_in = actual.starts_in
    and expected.years_ago = actual.years_ago
    and expected.customer_month = actual.customer_month
