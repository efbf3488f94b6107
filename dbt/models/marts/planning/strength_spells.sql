-- Who was in charge of an account when, and how many opportunities were created meanwhile, in half
-- years back from today.
--   In charge is whoever the deals created before that day say. Somebody takes charge by a deal as
--   the present owner, or else by a second deal in a row: a single deal of somebody else is a
--   guest's. Where guests are rare, an account's first deal is enough. A change of owner that an
--   earlier plan made or found counts from its day.
--   The deal that shows who is in charge counts for the one in charge until then. So whether a
--   stretch of time is the one's or the other's never depends on what happens in it: were it the
--   new rep's first deal, every new rep would begin with a deal and every old one end without.
--   Before that nobody is known to be in charge, and that time is left out.
{% set half_year_days = 180 %}
{% set half_years = 6 %}
{# Share of guests among the deals between two deals of one rep; so many first deals mislead. #}
{% set rare = 0.05 %}

with

calendar as (select as_of_on from {{ ref('int_company__calendar') }}),

accounts as (select * from {{ ref('int_accounts__segmented') }}),

employees as (select * from {{ ref('stg_hr__employees') }}),

deals as (
    select
        opportunities.account_id,
        opportunities.opportunity_id,
        opportunities.rep_id,
        {{ dbt.datediff('opportunities.created_on', 'calendar.as_of_on', 'day') }}
            as age_days,
        lag(opportunities.rep_id) over by_day as rep_id_before,
        lead(opportunities.rep_id) over by_day as rep_id_after
    from {{ ref('int_opportunities__profiled') }} as opportunities
    cross join calendar
    window by_day as (
        partition by opportunities.account_id
        order by opportunities.created_on, opportunities.opportunity_id
    )
),

guests as (
    select coalesce(avg(case when rep_id = rep_id_before then 0.0 else 1.0 end), 0.0) as rate
    from deals
    where rep_id_before = rep_id_after
),

shown as (
    select
        deals.account_id,
        deals.opportunity_id,
        deals.age_days,
        case
            when deals.rep_id in (deals.rep_id_before, accounts.owner_rep_id) then deals.rep_id
            when deals.rep_id_before is null and guests.rate < {{ rare }} then deals.rep_id
        end as rep_id
    from deals
    cross join guests
    inner join accounts on deals.account_id = accounts.account_id
),

known_changes as (
    select
        past.account_id,
        {{ dbt.datediff('past.changed_on', 'calendar.as_of_on', 'day') }}
            as age_days,
        -- Somebody who is no rep (nobody, a partner) ends the spell.
        coalesce(employees.rep_id, '') as rep_id,
        past.origin
    from {{ ref('stg_history__past_changes') }} as past
    cross join calendar
    left join employees on past.to_rep_id = employees.rep_id
),

known as (
    select account_id from shown
    union
    select account_id from known_changes
),

ends as (select unnest(range({{ half_years }} + 1)) as half_year),

-- What happened on a day, in order: deals, a change, the end of a half year.
days as (
    select
        account_id,
        age_days,
        1 as place,
        '' as origin,
        count(*) as created_count,
        arg_max(rep_id, opportunity_id) filter (where rep_id is not null) as rep_id
    from shown
    group by account_id, age_days
    union all
    select
        account_id,
        age_days,
        2,
        origin,
        0,
        rep_id
    from known_changes
    union all
    select
        known.account_id,
        {{ half_year_days }} * ends.half_year,
        3,
        '',
        0,
        null
    from known
    cross join ends
),

-- Each row tells of the time since the one before.
spans as (
    select
        account_id,
        age_days,
        created_count,
        lag(age_days) over by_day - age_days as days,
        last_value(rep_id ignore nulls) over (
            partition by account_id order by age_days desc, place asc, origin asc
            rows between unbounded preceding and 1 preceding
        ) as rep_id
    from days
    window by_day as (partition by account_id order by age_days desc, place asc, origin asc)
)

select
    spans.rep_id,
    coalesce(any_value(employees.group_id), '(unknown)') as group_id,
    spans.account_id,
    any_value(accounts.industry) as industry,
    any_value(accounts.region) as geography,
    any_value(accounts.size_band) as size_band,
    cast(sum(spans.created_count) as bigint) as created_count,
    cast(sum(spans.days) / 365.25 as double precision) as years,
    cast(
        spans.age_days // {{ half_year_days }} * {{ half_year_days }} + {{ half_year_days // 2 }}
        as integer
    ) as age_days
from spans
inner join accounts on spans.account_id = accounts.account_id
left join employees on spans.rep_id = employees.rep_id
where
    spans.rep_id <> ''
    and spans.age_days < {{ half_year_days * half_years }}
group by spans.account_id, spans.rep_id, spans.age_days // {{ half_year_days }}
having sum(spans.days) > 0
