-- The day that the records end on. One mistyped date must not move "today" by months: days that
-- come after a gap of a month and hold hardly any rows (a tenth of a usual month's) count for
-- nothing, and are told.
{% set gap_days = 31 %}
{% set fewest_share = 0.1 %}

with

events as (
    select created_on as event_on from {{ ref('stg_crm__opportunities') }}
    union all
    select closed_on from {{ ref('stg_crm__opportunities') }} where closed_on is not null
),

by_month as (
    select
        {{ month_start('event_on') }} as month,
        count(*) as event_count
    from events
    group by 1
),

usual as (select median(event_count) as month_count from by_month),

by_day as (
    select
        event_on,
        count(*) as event_count,
        lag(event_on) over (order by event_on) as event_before_on
    from events
    group by 1
),

days as (
    select
        event_on,
        {{ dbt.datediff('event_before_on', 'event_on', 'day') }}
            as gap_days,
        sum(event_count) over (order by event_on desc) as count_from_here
    from by_day
),

stray as (
    select
        min(days.event_on) as stray_from_on,
        max(days.count_from_here) as stray_count
    from days
    cross join usual
    where
        days.gap_days > {{ gap_days }}
        and days.count_from_here <= {{ fewest_share }} * usual.month_count
)

select
    max(days.event_on) as latest_on,
    max(
        case
            when stray.stray_from_on is null or days.event_on < stray.stray_from_on
                then days.event_on
        end
    ) as records_end_on,
    coalesce(max(stray.stray_count), 0) as stray_count
from days
cross join stray
