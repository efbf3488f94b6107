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

compared as (
    select
        *,
        sum(case when is_won then amount end) over (partition by years_ago) as year_amount,
        max(case when is_won then amount end) over (
            partition by account_id
            order by amount desc, opportunity_id asc
            rows between unbounded preceding and unbounded following exclude current row
        ) as other_of_account_amount
    from deals
),

judged as (
    select
        compared.*,
        scale.median_amount,
        coalesce(
            compared.amount > scale.most_amount
            and compared.amount > 2 * scale.fourth_amount
            and compared.amount >= {{ least_year_rate }} * compared.year_amount
            and coalesce(compared.other_of_account_amount, 0) < compared.amount / 3,
            false
        ) as is_unusual
    from compared
    cross join scale
),

largest_usual as (select max(amount) as amount from judged where is_won and not is_unusual)

select
    judged.opportunity_id,
    largest_usual.amount as usual_amount,
    judged.amount / judged.median_amount as median_multiple,
    judged.amount / judged.year_amount as year_rate
from judged
cross join largest_usual
where judged.is_unusual
