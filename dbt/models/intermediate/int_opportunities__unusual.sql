-- Deals so large that one of them would move everybody's amounts: a slip of a decimal point, or an
-- order that comes once. Such a deal is
--   larger than so many won deals of this spread lead to expect (amounts are taken as log-normal;
--   of n draws, one sample in twenty has any beyond sqrt(2 ln 20n) standard deviations),
--   more than twice the fourth largest won deal, so that at most three won ones are unusual,
--   a hundredth of what is won in its twelve months, or more,
--   and the only one of its size with its account: what a customer buys again is usual for it.
-- Where accounts and kinds of deals are compared it counts as the largest usual deal; what it has
-- beyond that stays with its account.
{% set least_spread = 0.25 %}
{% set least_year_rate = 0.01 %}

with

deals as (
    select
        opportunities.opportunity_id,
        opportunities.account_id,
        opportunities.is_won,
        opportunities.amount,
        -- What is open counts with the last twelve months.
        {{ dbt.datediff(
            'coalesce(opportunities.closed_on, calendar.as_of_on)', 'calendar.as_of_on', 'day'
        ) }} // 365 as years_ago
    from {{ ref('stg_crm__opportunities') }} as opportunities
    cross join {{ ref('int_company__calendar') }} as calendar
    where opportunities.amount > 0
        and opportunities.created_on <= calendar.as_of_on
        and (opportunities.closed_on is null or opportunities.closed_on <= calendar.as_of_on)
),

scale as (
    select
        median(amount) as median_amount,
        median(amount) * exp(
            greatest({{ least_spread }}, ln(quantile_cont(amount, 0.95) / median(amount)) / 1.645)
            * sqrt(2 * ln(20.0 * count(*)))
        ) as most_amount,
        min(amount) filter (where place = 4) as fourth_amount
    from (
        select amount, row_number() over (order by amount desc) as place from deals where is_won
    ) as won
),

years as (
    select
        years_ago,
        sum(amount) as amount
    from deals
    where is_won
    group by 1
),

large as (
    select
        deals.opportunity_id,
        deals.account_id,
        deals.amount,
        deals.amount / scale.median_amount as median_multiple,
        deals.amount / years.amount as year_rate
    from deals
    cross join scale
    inner join years on deals.years_ago = years.years_ago
    where
        deals.amount > scale.most_amount
        and deals.amount > 2 * scale.fourth_amount
        and deals.amount >= {{ least_year_rate }} * years.amount
),

others_of_account as (
    select
        large.opportunity_id,
        max(deals.amount) as amount
    from large
    inner join deals
        on large.account_id = deals.account_id
        and large.opportunity_id <> deals.opportunity_id
    where deals.is_won
    group by 1
),

unusual as (
    select large.*
    from large
    left join others_of_account as others on large.opportunity_id = others.opportunity_id
    where coalesce(others.amount, 0) < large.amount / 3
),

largest_usual as (
    select max(deals.amount) as amount
    from deals
    where deals.is_won and deals.opportunity_id not in (select unusual.opportunity_id from unusual)
)

select
    unusual.opportunity_id,
    largest_usual.amount as usual_amount,
    unusual.median_multiple,
    unusual.year_rate
from unusual
cross join largest_usual
