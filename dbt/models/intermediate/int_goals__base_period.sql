-- The period that a goal given as growth grows from: the year before the plan, or the last twelve
-- months where the plan begins after today. Where the records do not cover it, all they have of the
-- last twelve months, and the share of a year that this is: by the seasons that the company states,
-- else by days.
with

calendar as (select * from {{ ref('int_company__calendar') }}),

settings as (select fiscal_year_start_month from {{ ref('stg_policy__company_settings') }}),

revenue_types as (select revenue_type from {{ ref('stg_policy__goals') }}),

records as (
    select min(closed_on) as begin_on
    from {{ ref('int_opportunities__profiled') }}
    where is_closed
),

wanted as (
    select
        cast(
            case
                when plan_start_on > as_of_on then {{ dbt.dateadd('day', -364, 'as_of_on') }}
                else {{ dbt.dateadd('month', -12, 'plan_start_on') }}
            end as date
        ) as from_on,
        cast(
            case
                when plan_start_on > as_of_on then as_of_on
                else {{ dbt.dateadd('day', -1, 'plan_start_on') }}
            end as date
        ) as to_on,
        cast({{ dbt.dateadd('day', -364, 'as_of_on') }} as date) as last_year_on,
        as_of_on
    from calendar
),

-- The first deal may be closed some days after the records begin.
periods as (
    select
        coalesce(records.begin_on < {{ dbt.dateadd('month', 1, 'wanted.from_on') }}, false)
            as is_whole,
        case
            when records.begin_on < {{ dbt.dateadd('month', 1, 'wanted.from_on') }}
                then wanted.from_on
            else greatest(records.begin_on, wanted.last_year_on)
        end as from_on,
        case
            when records.begin_on < {{ dbt.dateadd('month', 1, 'wanted.from_on') }}
                then wanted.to_on
            else wanted.as_of_on
        end as to_on
    from wanted
    cross join records
),

days as (
    select
        unnest(generate_series(from_on, to_on, interval 1 day)) as day,
        from_on
    from periods
),

shares as (
    select
        revenue_types.revenue_type,
        round(sum(
            coalesce(seasons.share, 1 / 12.0)
            / {{ dbt.datediff(
                month_start('days.day'), dbt.dateadd('month', 1, month_start('days.day')), 'day'
            ) }}
        ), 9) as year_share
    from days
    cross join settings
    cross join revenue_types
    left join {{ ref('stg_policy__seasons') }} as seasons
        on revenue_types.revenue_type = seasons.revenue_type
        and seasons.month_number
        = (12 + extract(month from days.day) - settings.fiscal_year_start_month) % 12 + 1
    group by 1
)

select
    revenue_types.revenue_type,
    cast(periods.from_on as date) as from_on,
    cast(periods.to_on as date) as to_on,
    periods.is_whole,
    coalesce(
        (
            {{ dbt.datediff('periods.from_on', 'periods.to_on', 'day') }}
            + 1
        ) / 30.4375,
        0.0
    ) as months,
    case when periods.is_whole then 1.0 else least(1.0, shares.year_share) end as year_share
from revenue_types
cross join periods
left join shares on revenue_types.revenue_type = shares.revenue_type
