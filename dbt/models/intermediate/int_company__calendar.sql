-- "Today" comes from the company file or from the data, never from the clock: the same input
-- gives the same plan on any day. Rows dated after the run's day were set aside in staging.
with

settings as (select * from {{ ref('stg_policy__company_settings') }}),

records as (select records_end_on from {{ ref('int_company__records_end') }}),

dated as (
    select
        settings.fiscal_year_start_month,
        coalesce(settings.stated_as_of_on, records.records_end_on) as as_of_on
    from settings
    cross join records
),

-- The plan covers the fiscal year that holds the month after as_of: in the last month of a fiscal
-- year, the next one is planned.
month_after as (
    select
        dated.*,
        {{ dbt.dateadd('month', 1, month_start('as_of_on')) }} as next_month_on
    from dated
),

fiscal as (
    select
        month_after.*,
        (12 + extract(month from next_month_on) - fiscal_year_start_month) % 12 as months_into_year
    from month_after
)

select
    cast(as_of_on as date) as as_of_on,
    cast({{ dbt.dateadd('month', '-cast(months_into_year as integer)', 'next_month_on') }} as date)
        as plan_start_on,
    -- Months before this one are past; the month that as_of lies in is past on its last day only.
    greatest(
        cast(
            {{ dbt.dateadd('month', '-cast(months_into_year as integer)', 'next_month_on') }}
            as date
        ),
        cast({{ month_start(dbt.dateadd('day', 1, 'as_of_on')) }} as date)
    ) as plan_from_on
from fiscal
