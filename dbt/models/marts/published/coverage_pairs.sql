-- What every pair uses of each rule, so that the published prices prove the plan's bound to
-- anybody: docs/coverage.md has the query. Accounts covered together are one choice, named by their
-- first one.
{{ config(materialized='view') }}

with

accounts as (
    select
        coverage_accounts.*,
        coalesce(lock_rep_id, present_rep_id) as bound_rep_id,
        min(account_id) over (partition by coalesce(family_id, 'account ' || account_id))
            as unit_account_id
    from {{ ref('coverage_accounts') }} as coverage_accounts
),

coverers as (select * from {{ ref('coverage_coverers') }}),

pairs as (
    select
        candidates.account_id,
        candidates.rep_id,
        accounts.unit_account_id,
        candidates.value_amount,
        candidates.hours,
        candidates.cost_to_serve_amount,
        accounts.new_amount + accounts.existing_amount as potential_amount,
        coalesce(candidates.rep_id <> accounts.present_rep_id, false) as is_move,
        coverers.group_id as present_group_id,
        candidates.forbidden_reason is null
        and case accounts.lock_action
            when 'keep' then coalesce(candidates.rep_id = accounts.bound_rep_id, false)
            when 'remove' then coalesce(candidates.rep_id <> accounts.bound_rep_id, true)
            else true
        end as is_allowed
    from {{ ref('coverage_candidates') }} as candidates
    inner join accounts on candidates.account_id = accounts.account_id
    left join coverers on accounts.present_rep_id = coverers.rep_id
),

-- A coverer that one member may not have, no member may have.
shut as (
    select distinct
        unit_account_id,
        rep_id
    from pairs
    where not is_allowed
)

select
    pairs.account_id,
    pairs.rep_id,
    pairs.unit_account_id,
    pairs.value_amount,
    pairs.hours,
    cast(pairs.potential_amount as double precision) as potential_amount,
    pairs.cost_to_serve_amount,
    pairs.is_move,
    pairs.present_group_id,
    shut.rep_id is null as is_open
from pairs
left join shut on pairs.unit_account_id = shut.unit_account_id and pairs.rep_id = shut.rep_id
