-- Deals of new business as they stood open at the end of each of the last 48 months (0 is now):
-- their stage and age then, and in which month after it they were decided. A stage counts where the
-- CRM's history tells it for half of these observations and more; otherwise age alone does.
{% set month_days = 30.4375 %}

with

calendar as (select as_of_on from {{ ref('int_company__calendar') }}),

deals as (
    select *
    from {{ ref('int_opportunities__profiled') }}
    where revenue_type = 'new'
),

month_ends as (
    {% for i in range(49) -%}
    select
        {{ i }} as months_ago,
        cast({{ dbt.dateadd('month', -i, 'calendar.as_of_on') }} as date) as seen_on
    from calendar
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

open_then as (
    select
        deals.opportunity_id,
        deals.account_id,
        deals.industry,
        deals.usual_amount as amount,
        deals.is_won,
        month_ends.months_ago,
        month_ends.seen_on,
        {{ dbt.datediff('deals.created_on', 'month_ends.seen_on', 'day') }}
        / {{ month_days }} as age_months,
        cast(ceil(
            {{ dbt.datediff('month_ends.seen_on', 'deals.closed_on', 'day') }}
            / {{ month_days }}
        ) as integer) as decided_after
    from deals
    inner join month_ends
        on deals.created_on <= month_ends.seen_on
        and (deals.closed_on is null or deals.closed_on > month_ends.seen_on)
),

entered as (
    select
        open_then.opportunity_id,
        open_then.months_ago,
        changes.stage,
        row_number() over (
            partition by open_then.opportunity_id, open_then.months_ago
            order by changes.entered_on desc, changes.stage desc
        ) as place
    from open_then
    inner join {{ ref('stg_crm__stage_changes') }} as changes
        on open_then.opportunity_id = changes.opportunity_id
        and open_then.seen_on >= changes.entered_on
),

staged as (
    select
        open_then.*,
        entered.stage
    from open_then
    left join entered
        on open_then.opportunity_id = entered.opportunity_id
        and open_then.months_ago = entered.months_ago
        and entered.place = 1
),

history as (
    select
        coalesce(avg(case when stage is null then 0.0 else 1.0 end), 0.0) >= 0.5 as has_stages
    from staged
    where months_ago between 1 and 24
)

select
    staged.opportunity_id,
    staged.account_id,
    staged.industry as season_key,
    staged.amount,
    staged.months_ago,
    case when history.has_stages then 'stage' else 'age' end as basis,
    case when history.has_stages then coalesce(staged.stage, '(unknown)') else '(any)' end as stage,
    case
        when staged.age_months < 1 then 'below 1 month'
        when staged.age_months < 3 then '1 to 3 months'
        when staged.age_months < 6 then '3 to 6 months'
        when staged.age_months < 12 then '6 to 12 months'
        else '12 months and more'
    end as age_band,
    staged.decided_after,
    staged.is_won
from staged
cross join history
-- A deal whose stage then is not known teaches nothing about stages; an open one is counted all the
-- same.
where staged.months_ago = 0 or not history.has_stages or staged.stage is not null
