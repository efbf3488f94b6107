-- The pairs the optimiser may choose from: per account the reps worth most on its profile, some
-- others, certified ones where it asks for certificates, the present owner, a locked-in rep, the
-- partners its size band allows, and the house.
with

accounts as (
    select
        segmented.account_id,
        segmented.profile_id,
        segmented.size_band,
        present.present_rep_id,
        locks.lock_action,
        locks.lock_rep_id,
        families.family_id
    from {{ ref('int_accounts__segmented') }} as segmented
    inner join {{ ref('int_accounts__present_owner') }} as present
        on segmented.account_id = present.account_id
    inner join {{ ref('int_accounts__families') }} as families
        on segmented.account_id = families.account_id
    left join {{ ref('int_accounts__locks') }} as locks on segmented.account_id = locks.account_id
),

coverers as (select * from {{ ref('int_coverers__capacity') }}),

settings as (select candidates_per_account from {{ ref('stg_policy__company_settings') }}),

ranked as (select * from {{ ref('int_pairs__ranked') }}),

spread as (select * from {{ ref('int_pairs__spread') }}),

certified as (select * from {{ ref('int_pairs__certified') }}),

asked as (select * from {{ ref('int_accounts__certificates') }} where mode = 'hard'),

held as (select * from {{ ref('int_reps__certificates') }}),

forbidden as (select * from {{ ref('int_pairs__forbidden') }}),

bands as (select * from {{ ref('stg_policy__partner_size_bands') }}),

direct_deals as (select * from {{ ref('int_accounts__direct_deals') }}),

best_and_spread as (
    select
        accounts.account_id,
        ranked.rep_id
    from accounts
    cross join settings
    inner join ranked
        on accounts.profile_id = ranked.profile_id
        and ranked.value_rank <= (settings.candidates_per_account + 1) / 2
    union
    select
        account_id,
        rep_id
    from spread
),

-- Pairs of an account that only certified reps may cover and a rep who lacks one of its
-- certificates.
unfit as (
    select distinct
        best_and_spread.account_id,
        best_and_spread.rep_id
    from best_and_spread
    inner join asked on best_and_spread.account_id = asked.account_id
    left join held
        on best_and_spread.rep_id = held.rep_id and asked.certification = held.certification
    where held.rep_id is null
),

account_pairs as (
    select
        best_and_spread.account_id,
        best_and_spread.rep_id
    from best_and_spread
    left join unfit
        on best_and_spread.account_id = unfit.account_id and best_and_spread.rep_id = unfit.rep_id
    where unfit.rep_id is null
    union
    select account_id, rep_id
    from certified
    union
    select account_id, present_rep_id
    from accounts
    where present_rep_id is not null
    union
    select accounts.account_id, accounts.lock_rep_id
    from accounts
    inner join coverers on accounts.lock_rep_id = coverers.rep_id
    where accounts.lock_action = 'keep'
    union
    -- No partner beside a direct deal.
    select accounts.account_id, bands.partner_id
    from accounts
    inner join bands on accounts.size_band = bands.size_band
    left join direct_deals on accounts.account_id = direct_deals.account_id
    where direct_deals.account_id is null
    union
    -- Forbidden pairs stay in view, so that what forbidding them costs can be shown.
    select account_id, rep_id
    from forbidden
    union
    select account_id, '__house__'
    from accounts
)

-- A family goes to one coverer, so every member weighs the candidates of all.
select account_id, rep_id
from account_pairs
union
select members.account_id, account_pairs.rep_id
from account_pairs
inner join accounts on account_pairs.account_id = accounts.account_id
inner join accounts as members on accounts.family_id = members.family_id
