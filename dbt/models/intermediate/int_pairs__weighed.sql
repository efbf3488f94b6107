-- The pairs the optimiser may choose from: per account the reps worth most on its profile, others
-- spread by a stable hash (so that accounts of one profile do not all queue for the same few reps),
-- the present owner, a locked-in rep, the partners its size band allows, and the house.
with

accounts as (
    select
        segmented.account_id,
        segmented.industry,
        segmented.region,
        segmented.size_band,
        present.present_rep_id,
        locks.lock_action,
        locks.lock_rep_id,
        families.family_id
    from {{ ref('int_accounts__segmented') }} as segmented
    inner join {{ ref('int_accounts__present_owner') }} as present on segmented.account_id = present.account_id
    inner join {{ ref('int_accounts__families') }} as families on segmented.account_id = families.account_id
    left join {{ ref('int_accounts__locks') }} as locks on segmented.account_id = locks.account_id
),

coverers as (select * from {{ ref('int_coverers__capacity') }}),

settings as (select * from {{ ref('stg_policy__company_settings') }}),

win_rates as (select * from {{ ref('stg_strength__win_rates') }}),

held as (select * from {{ ref('int_reps__certificates') }}),

-- What only a certified rep may cover, by the whole list of certificates it takes.
asking as (
    select
        account_id,
        certification,
        string_agg(certification, ' + ') over (partition by account_id order by certification
            rows between unbounded preceding and unbounded following) as list
    from {{ ref('int_accounts__certificates') }}
    where mode = 'hard'
),

forbidden as (select * from {{ ref('int_pairs__forbidden') }}),

direct_deals as (
    select distinct account_id
    from {{ ref('stg_crm__opportunities') }}
    where not is_closed
),

-- By profile, not by account: a company of 100,000 accounts and 1,000 reps has 100 million pairs.
ranked as (
    select
        industry,
        region,
        size_band,
        rep_id,
        row_number() over (
            partition by industry, region, size_band
            order by won_value_rate * margin_rate desc, md5(industry || region || size_band || rep_id)
        ) as value_rank
    from win_rates
    where rep_id <> '(segment)'
),

-- Accounts and reps stand on rings in the order of a hash; an account takes the next rep of each ring.
-- When a rep comes or goes, only the accounts next to it see another one.
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
    cross join (select rep_id from coverers where coverer_type = 'rep') as reps
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
        count(rep_id) over (partition by ring order by place, account_id rows unbounded preceding) as reps_passed,
        count(rep_id) over (partition by ring) as reps
    from on_ring
),

spread as (
    select
        seekers.account_id,
        found.rep_id
    from placed as seekers
    inner join placed as found
        on seekers.ring = found.ring
        and found.rep_id is not null
        and found.reps_passed = seekers.reps_passed % seekers.reps + 1
    where seekers.account_id is not null
),

-- Where only certified reps may cover an account, the best of them on its profile instead of the best
-- of all.
lists as (
    select distinct
        accounts.industry,
        accounts.region,
        accounts.size_band,
        asking.list,
        asking.certification
    from asking
    inner join accounts on asking.account_id = accounts.account_id
),

holders as (
    select
        lists.industry,
        lists.region,
        lists.size_band,
        lists.list,
        ranked.rep_id,
        row_number() over (
            partition by lists.industry, lists.region, lists.size_band, lists.list
            order by ranked.value_rank
        ) as value_rank
    from lists
    inner join ranked
        on lists.industry = ranked.industry
        and lists.region = ranked.region
        and lists.size_band = ranked.size_band
    left join held on ranked.rep_id = held.rep_id and lists.certification = held.certification
    group by lists.industry, lists.region, lists.size_band, lists.list, ranked.rep_id, ranked.value_rank
    having count(*) = count(held.rep_id)
),

certified as (
    select distinct
        accounts.account_id,
        holders.rep_id
    from asking
    inner join accounts on asking.account_id = accounts.account_id
    cross join settings
    inner join holders
        on accounts.industry = holders.industry
        and accounts.region = holders.region
        and accounts.size_band = holders.size_band
        and asking.list = holders.list
        and holders.value_rank <= settings.candidates_per_account
),

weighed as (
    select
        accounts.account_id,
        ranked.rep_id
    from accounts
    cross join settings
    inner join ranked
        on accounts.industry = ranked.industry
        and accounts.region = ranked.region
        and accounts.size_band = ranked.size_band
        and ranked.value_rank <= (settings.candidates_per_account + 1) / 2
    union
    select
        account_id,
        rep_id
    from spread
),

-- Pairs of an account that only certified reps may cover and a rep who lacks one of its certificates.
unfit as (
    select distinct
        weighed.account_id,
        weighed.rep_id
    from weighed
    inner join asking on weighed.account_id = asking.account_id
    left join held on weighed.rep_id = held.rep_id and asking.certification = held.certification
    where held.rep_id is null
),

account_pairs as (
    select
        weighed.account_id,
        weighed.rep_id
    from weighed
    left join unfit on weighed.account_id = unfit.account_id and weighed.rep_id = unfit.rep_id
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
    inner join {{ ref('stg_policy__partner_size_bands') }} as bands on accounts.size_band = bands.size_band
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
