-- Accounts that a certification rule asks a certificate for, and the reps who hold no valid one on
-- the day of the plan. A hard rule makes the pair ineligible, a soft one costs a share of its worth.
with

accounts as (select * from {{ ref('int_accounts__segmented') }}),

rules as (select * from {{ source('policy', 'certification_rules') }}),

calendar as (select * from {{ ref('int_company__calendar') }}),

reps as (
    select rep_id
    from {{ ref('coverage_coverers') }}
    where coverer_type = 'rep'
),

held as (
    select distinct
        certifications.rep_id,
        certifications.certification
    from {{ ref('stg_hr__certifications') }} as certifications
    cross join calendar
    where
        (certifications.valid_from_on is null or certifications.valid_from_on <= calendar.as_of_on)
        and (certifications.valid_to_on is null or certifications.valid_to_on >= calendar.as_of_on)
),

lacking as (
    select
        reps.rep_id,
        rules.position,
        rules.certification,
        rules.lifecycle,
        rules.size_band,
        rules.industry,
        rules.mode,
        rules.loss_rate
    from reps
    cross join rules
    left join held on reps.rep_id = held.rep_id and rules.certification = held.certification
    where held.rep_id is null
)

select
    accounts.account_id,
    lacking.rep_id,
    -- Several rules may ask for certificates; one hard rule is enough, losses add up to all at most.
    case when max(case when lacking.mode = 'hard' then 1 else 0 end) = 1 then 'hard' else 'soft' end as mode,
    min(lacking.certification) as certification,
    least(sum(lacking.loss_rate), 1.0) as loss_rate
from accounts
inner join lacking
    on lacking.lifecycle in (accounts.lifecycle, 'any')
    and lacking.size_band in (accounts.size_band, 'any')
    and lacking.industry in (accounts.industry, 'any')
group by accounts.account_id, lacking.rep_id
