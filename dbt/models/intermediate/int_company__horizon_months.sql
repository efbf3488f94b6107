-- The months that values look at: from the first that is not past to the end of the plan's year or
-- of the planning horizon, whichever is later.
{% set most_months = 60 %}

with

calendar as (select * from {{ ref('int_company__calendar') }}),

settings as (select horizon_months from {{ ref('stg_policy__company_settings') }}),

numbers as (
    {% for i in range(most_months) -%}
    select {{ i }} as place {{ 'union all' if not loop.last }}
    {% endfor %}
),

placed as (
    select
        numbers.place,
        settings.horizon_months,
        calendar.plan_from_on,
        {{ dbt.datediff('calendar.plan_start_on', 'calendar.plan_from_on', 'month') }}
            as months_past,
        {{ dbt.datediff(
            month_start(dbt.dateadd('day', 1, 'calendar.as_of_on')),
            'calendar.plan_from_on',
            'month'
        ) }} as months_off
    from numbers
    cross join settings
    cross join calendar
)

select
    cast({{ dbt.dateadd('month', 'cast(place as integer)', 'plan_from_on') }} as date) as month,
    cast((months_past + place) % 12 + 1 as integer) as month_number,
    cast(months_off + place + 1 as integer) as month_ahead,
    place < horizon_months as is_in_horizon
from placed
where place < greatest(horizon_months, 12 - months_past)
