-- Deals far beyond the usual (int_opportunities__unusual) and what hangs on each: its share of a
-- year, and the goal without it and with all of it.
with

deals as (
    select
        deals.opportunity_id,
        deals.account_id,
        deals.rep_id,
        deals.revenue_type,
        deals.is_won,
        deals.amount,
        deals.usual_amount,
        unusual.median_multiple,
        unusual.year_rate,
        accepted.opportunity_id is not null as is_accepted,
        goals.goal_amount,
        -- The growth that was asked for, of what the deal counts for and would count for.
        goals.goal_amount - goals.goal_amount / nullif(goals.base_amount, 0) * base.base_amount
            as goal_without_amount,
        goals.goal_amount
        + goals.goal_amount / nullif(goals.base_amount, 0) * (base.full_amount - base.base_amount)
            as goal_in_full_amount
    from {{ ref('int_opportunities__profiled') }} as deals
    inner join {{ ref('int_opportunities__unusual') }} as unusual
        on deals.opportunity_id = unusual.opportunity_id
    inner join {{ ref('company_goals') }} as goals on deals.revenue_type = goals.revenue_type
    left join {{ ref('company_goals__base') }} as base
        on deals.opportunity_id = base.opportunity_id and goals.method <> 'given'
    left join {{ ref('stg_policy__accepted_deals') }} as accepted
        on deals.opportunity_id = accepted.opportunity_id
)

select
    opportunity_id,
    account_id,
    rep_id,
    revenue_type,
    is_won,
    is_accepted,
    cast(amount as double precision) as deal_amount,
    cast(usual_amount as double precision) as usual_amount,
    cast(median_multiple as double precision) as median_multiple,
    cast(year_rate as double precision) as year_rate,
    cast(goal_without_amount as double precision) as goal_without_amount,
    cast(goal_in_full_amount as double precision) as goal_in_full_amount,
    'deal ' || opportunity_id || ' of account ' || account_id || ' is '
    || format('{:,.0f}', cast(amount as double)) || ', ' || format('{:,.0f}', median_multiple)
    || ' times the median won deal and ' || format('{:.1f} %', 100 * year_rate) || ' of a year; '
    || 'what it has beyond ' || format('{:,.0f}', cast(usual_amount as double))
    || ' counts for its account alone'
    || case
        when goal_without_amount is null then ''
        else
            ': the goal of ' || revenue_type || ' business is '
            || format('{:,.0f}', cast(goal_amount as double)) || ', '
            || format('{:,.0f}', goal_without_amount) || ' without the deal and '
            || format('{:,.0f}', goal_in_full_amount) || ' with all of it'
    end
    || '; correct it, or list it under gates.accepted_deals' as sentence
from deals
