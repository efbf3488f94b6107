with

calendar as (select plan_start_on, plan_from_on from {{ ref('int_company__calendar') }}),

numbers as (
    {% for i in range(12) -%}
    select {{ i + 1 }} as month_number {{ 'union all' if not loop.last }}
    {% endfor %}
),

months as (
    select
        numbers.month_number,
        calendar.plan_from_on,
        cast(
            {{ dbt.dateadd(
                'month', 'cast(numbers.month_number - 1 as integer)', 'calendar.plan_start_on'
            ) }} as date
        )
            as month
    from numbers
    cross join calendar
)

select
    month_number,
    month,
    month >= plan_from_on as is_open
from months
