with

overrides as (select * from {{ ref('stg_policy__overrides') }}),

calendar as (select * from {{ ref('int_company__calendar') }}),

accounts as (select * from {{ ref('coverage_accounts') }}),

judged as (
    select
        overrides.*,
        case
            when accounts.account_id is null then 'no such account; correct or remove it'
            when overrides.expires_on < calendar.as_of_on
                then 'it expired on ' || cast(overrides.expires_on as varchar) || '; renew or remove it'
        end as fault
    from overrides
    cross join calendar
    left join accounts on overrides.account_id = accounts.account_id
)

select
    account_id,
    'override on ' || account_id || ' (' || action || ', by ' || author || ': ' || reason
    || ') does not count: ' || fault as sentence
from judged
where fault is not null
order by account_id, action
