-- Deals that a goal given as growth grows from, each with what it counts for: its amount, as a part
-- of a year where records cover less. Of a deal beyond the usual, what it has beyond counts as far
-- as its account is expected to bring it again (company_level: the mean of so many years, weighed
-- by the account's deals), so that nobody else's quota grows by it.
{% set own_years = 3 %}

with

periods as (select * from {{ ref('int_goals__base_period') }}),

known_years as (
    select least({{ own_years }}, coalesce(max(year_back), 1)) as years
    from {{ ref('account_years') }}
)

select
    deals.opportunity_id,
    deals.revenue_type,
    deals.amount / periods.year_share as full_amount,
    (
        deals.usual_amount
        + (deals.amount - deals.usual_amount) * coalesce(large.own_weight, 0) / known_years.years
    ) / periods.year_share as base_amount
from {{ ref('int_opportunities__profiled') }} as deals
cross join known_years
inner join periods on deals.revenue_type = periods.revenue_type
left join {{ ref('stg_levels__large_accounts') }} as large on deals.account_id = large.account_id
where deals.is_won and deals.closed_on >= periods.from_on and deals.closed_on <= periods.to_on
