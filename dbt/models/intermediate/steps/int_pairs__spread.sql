-- Some reps for every account, whatever they are worth, so that accounts of one profile do not all
-- queue for the same few. Accounts and reps stand on rings in the order of a stable hash; an
-- account takes the next rep of each ring. When a rep comes or goes, only the accounts next to it
-- see another one.
with

accounts as (select account_id from {{ ref('int_accounts__segmented') }}),

reps as (
    select rep_id
    from {{ ref('int_coverers__capacity') }}
    where coverer_type = 'rep'
),

settings as (select candidates_per_account from {{ ref('stg_policy__company_settings') }}),

rings as (
    {% for ring in range(20) -%}
    select {{ ring }} as ring {{ 'union all' if not loop.last }}
    {% endfor %}
),

on_ring as (
    select
        rings.ring,
        reps.rep_id,
        cast(null as varchar) as account_id,
        md5(cast(rings.ring as varchar) || ' rep ' || reps.rep_id) as place
    from rings
    cross join settings
    cross join reps
    where rings.ring < settings.candidates_per_account / 2
    union all
    select
        rings.ring,
        null,
        accounts.account_id,
        md5(cast(rings.ring as varchar) || ' account ' || accounts.account_id)
    from rings
    cross join settings
    cross join accounts
    where rings.ring < settings.candidates_per_account / 2
),

placed as (
    select
        ring,
        rep_id,
        account_id,
        count(rep_id) over (partition by ring order by place, account_id rows unbounded preceding)
            as reps_passed,
        count(rep_id) over (partition by ring) as reps
    from on_ring
)

select
    seekers.account_id,
    found.rep_id
from placed as seekers
inner join placed as found
    on seekers.ring = found.ring
    and found.rep_id is not null
    and found.reps_passed = seekers.reps_passed % seekers.reps + 1
where seekers.account_id is not null
