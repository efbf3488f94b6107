-- How much more than in other months customers buy in each month of their own fiscal year: won
-- amount over what the company's season leads to expect, over accounts whose fiscal year the CRM
-- states, shrunk to 1 by 48 deals' worth. Every year but the first is held out and predicted from
-- the years before it; the factors count only where they did better than none in each of these
-- years.
{% set pseudo_deals = 48.0 %}

with

cells as (select * from {{ ref('customer_seasons__cells') }}),

-- Year -1 stands for now: everything is known, nothing is held out.
years as (
    select distinct years_ago from cells
    union
    select -1
),

revenue_types as (
    select 'new' as revenue_type
    union all
    select 'existing'
),

grid as (
    select
        revenue_types.revenue_type,
        months.month_number as customer_month,
        years.years_ago as held_out
    from revenue_types
    cross join {{ ref('int_company__plan_months') }} as months
    cross join years
),

learnt as (
    select
        grid.revenue_type,
        grid.customer_month,
        grid.held_out,
        coalesce(sum(cells.amount), 0) as amount,
        coalesce(sum(cells.actual_amount), 0) as actual_amount,
        coalesce(sum(cells.deals), 0) as deals
    from grid
    left join cells
        on grid.revenue_type = cells.revenue_type
        and grid.customer_month = cells.customer_month
        and grid.held_out < cells.years_ago
    group by 1, 2, 3
),

weighed as (
    select
        learnt.*,
        {{ pseudo_deals }} / 12 * sum(actual_amount) over (partition by revenue_type, held_out)
        / nullif(sum(deals) over (partition by revenue_type, held_out), 0) as pseudo_amount
    from learnt
),

factors as (
    select
        revenue_type,
        customer_month,
        held_out,
        deals,
        coalesce((actual_amount + pseudo_amount) / nullif(amount + pseudo_amount, 0), 1.0)
            as factor,
        pseudo_amount is not null as is_learnt
    from weighed
),

predicted as (
    select
        cells.*,
        factors.factor * cells.amount
        * sum(cells.amount) over (partition by cells.revenue_type, cells.starts_in, cells.years_ago)
        / nullif(sum(factors.factor * cells.amount) over (
            partition by cells.revenue_type, cells.starts_in, cells.years_ago
        ), 0)
            as with_factor
    from cells
    inner join factors
        on cells.revenue_type = factors.revenue_type
        and cells.customer_month = factors.customer_month
        and cells.years_ago = factors.held_out
    where factors.is_learnt
),

errors as (
    select
        revenue_type,
        years_ago,
        sum((actual_amount - with_factor) * (actual_amount - with_factor)) as with_error,
        sum((actual_amount - amount) * (actual_amount - amount)) as without_error
    from predicted
    group by 1, 2
),

judged as (
    select
        revenue_type,
        sum(with_error) as with_error,
        sum(without_error) as without_error,
        count(*) as held_out_years,
        min(case when with_error < without_error then 1 else 0 end) = 1 as is_used
    from errors
    group by 1
)

select
    factors.revenue_type,
    cast(factors.customer_month as integer) as customer_month,
    cast(case when judged.is_used then factors.factor else 1.0 end as double precision) as factor,
    cast(factors.factor as double precision) as found_factor,
    case
        when judged.revenue_type is null then 'unknown'
        when judged.is_used then 'used'
        else 'not used'
    end as method,
    cast(factors.deals as bigint) as won_count,
    cast(sqrt(judged.with_error / nullif(judged.without_error, 0)) as double precision)
        as error_rate,
    cast(coalesce(judged.held_out_years, 0) as bigint) as held_out_years
from factors
left join judged on factors.revenue_type = judged.revenue_type
where factors.held_out = -1
