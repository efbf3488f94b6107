-- Who covers an account before this plan, and where we know it from:
-- 1. The CRM names the last plan's coverer: it was carried out, both agree.
-- 2. The CRM still names whom it named when the last plan was made: not yet carried out, the last
--    plan counts. An account it left uncovered has no owner then.
-- 3. The CRM names somebody else: moved by hand since, the CRM counts.
-- A coverer who can no longer cover (left, away for most of the plan, certificate run out, a
-- partner beside a direct deal) is none; where the last plan's coverer has left and the CRM's owner
-- has not, the CRM's counts.
with

accounts as (select * from {{ ref('int_accounts__segmented') }}),

calendar as (select as_of_on from {{ ref('int_company__calendar') }}),

last_plan as (select * from {{ ref('stg_history__last_plan') }}),

coverers as (select * from {{ ref('int_coverers__capacity') }}),

employees as (select * from {{ ref('stg_hr__employees') }}),

set_aside as (
    select distinct rep_id from {{ ref('quarantined_hr__employees') }} where rep_id is not null
),

asked as (select * from {{ ref('int_accounts__certificates') }} where mode = 'hard'),

held as (select * from {{ ref('int_reps__certificates') }}),

direct_deals as (select * from {{ ref('int_accounts__direct_deals') }}),

decided as (
    select
        accounts.account_id,
        accounts.owner_rep_id,
        last_plan.rep_id as planned_rep_id,
        -- No owner now and none in the last plan is the same owner.
        case
            when last_plan.account_id is null then 'crm'
            when coalesce(accounts.owner_rep_id, '') = coalesce(last_plan.rep_id, '') then 'crm'
            when coalesce(accounts.owner_rep_id, '') = coalesce(last_plan.owner_rep_id, '')
                then 'last_plan'
            else 'crm_changed_by_hand'
        end as decided_by
    from accounts
    left join last_plan on accounts.account_id = last_plan.account_id
),

wanted as (
    select
        decided.*,
        case
            when decided.decided_by <> 'last_plan' then decided.owner_rep_id
            when planned.rep_id is null and owners.rep_id is not null then decided.owner_rep_id
            else decided.planned_rep_id
        end as wanted_rep_id
    from decided
    left join coverers as planned on decided.planned_rep_id = planned.rep_id
    left join coverers as owners
        on decided.owner_rep_id = owners.rep_id
        and owners.coverer_type = 'rep'
),

missing_certificates as (
    select distinct wanted.account_id
    from wanted
    inner join coverers on wanted.wanted_rep_id = coverers.rep_id and coverers.coverer_type = 'rep'
    inner join asked on wanted.account_id = asked.account_id
    left join held
        on wanted.wanted_rep_id = held.rep_id and asked.certification = held.certification
    where held.rep_id is null
),

checked as (
    select
        wanted.*,
        coverers.rep_id is not null as is_coverer,
        coalesce(coverers.coverer_type, '') as coverer_type,
        missing_certificates.account_id is not null as is_uncertified,
        direct_deals.account_id is not null as has_direct_deal,
        coalesce(employees.terminated_on <= calendar.as_of_on, false) as has_left,
        employees.rep_id is not null as is_employee,
        set_aside.rep_id is not null as is_set_aside,
        away.rep_id is not null as is_away
    from wanted
    cross join calendar
    left join coverers
        on wanted.wanted_rep_id = coverers.rep_id
        and (coverers.coverer_type <> 'partner' or wanted.decided_by = 'last_plan')
    left join employees on wanted.wanted_rep_id = employees.rep_id
    left join set_aside on wanted.wanted_rep_id = set_aside.rep_id
    left join {{ ref('int_reps__away') }} as away on wanted.wanted_rep_id = away.rep_id
    left join missing_certificates on wanted.account_id = missing_certificates.account_id
    left join direct_deals on wanted.account_id = direct_deals.account_id
),

judged as (
    select
        checked.*,
        case
            when wanted_rep_id is null then 'unassigned'
            when coverer_type = 'house' then 'uncovered'
            when has_left and not is_coverer then 'leaver'
            when is_away and not is_coverer then 'away'
            when not is_coverer and is_employee then 'role_does_not_cover'
            when not is_coverer and is_set_aside then 'hr_row_set_aside'
            when not is_coverer then 'unknown_owner'
            when coverer_type = 'partner' and has_direct_deal then 'direct_deal'
            when is_uncertified then 'not_certified'
        end as vacancy_reason
    from checked
)

select
    account_id,
    owner_rep_id,
    wanted_rep_id,
    case when vacancy_reason is null then wanted_rep_id end as present_rep_id,
    vacancy_reason,
    case
        when decided_by <> 'last_plan' then decided_by
        when coalesce(wanted_rep_id, '') = coalesce(planned_rep_id, '') then 'last_plan'
        else 'crm'
    end as owner_source
from judged
