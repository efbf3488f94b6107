select
    goals.revenue_type,
    'the goal of ' || goals.revenue_type || ' business, ' || format('{:,.0f}', cast(goals.goal_amount as double)) || ', grows from '
    || round(goals.base_months, 1) || ' months of records (' || periods.from_on || ' to ' || periods.to_on || '), scaled to a year '
    || case when seasons.revenue_type is null then 'by days' else 'by the stated seasons' end
    || '; give target_amount under goals, or set quotas.short_history to block' as sentence
from {{ ref('company_goals') }} as goals
inner join {{ ref('int_goals__base_period') }} as periods on goals.revenue_type = periods.revenue_type
left join (select distinct revenue_type from {{ ref('stg_policy__seasons') }}) as seasons
    on goals.revenue_type = seasons.revenue_type
where goals.method = 'scaled'
