-- What binds an account to its owner or keeps it from one. Overrides always bind, as do a freeze
-- and too many changes of owner; named accounts, late deals and renewals bind as many of a rep's
-- accounts as the rep can carry, the largest first. Locks by rule give way to what people decided
-- and to eligibility, for the account and for its family, and of a family only those of one rep
-- hold: rules never contradict each other into a night without a plan.
with

wanted as (select * from {{ ref('int_accounts__wanted_locks') }}),

accounts as (select * from {{ ref('int_accounts__segmented') }}),

coverers as (select * from {{ ref('int_coverers__capacity') }}),

present as (select * from {{ ref('int_accounts__present_owner') }}),

families as (select * from {{ ref('int_accounts__families') }}),

overrides as (select * from {{ ref('int_overrides__in_force') }}),

asked as (select * from {{ ref('int_accounts__certificates') }} where mode = 'hard'),

held as (select * from {{ ref('int_reps__certificates') }}),

direct_deals as (select * from {{ ref('int_accounts__direct_deals') }}),

members as (
    select
        mine.account_id,
        others.account_id as member_account_id
    from families as mine
    inner join families as others on mine.family_id = others.family_id
    union
    select account_id, account_id as member_account_id from families
),

-- Locks by rule on a rep whom a person or a rule of eligibility keeps from the account or its
-- family.
given_way as (
    select distinct wanted.account_id
    from wanted
    inner join members on wanted.account_id = members.account_id
    left join present as members_present on members.member_account_id = members_present.account_id
    left join overrides as decided
        on members.member_account_id = decided.account_id
        and decided.action in ('forbid', 'remove')
        and coalesce(decided.rep_id, members_present.present_rep_id) = wanted.lock_rep_id
    left join coverers on wanted.lock_rep_id = coverers.rep_id
    left join asked
        on members.member_account_id = asked.account_id
        and coverers.coverer_type = 'rep'
    left join held
        on wanted.lock_rep_id = held.rep_id
        and asked.certification = held.certification
    left join direct_deals
        on members.member_account_id = direct_deals.account_id
        and coverers.coverer_type = 'partner'
    where
        wanted.lock_source <> 'override'
        and (
            decided.account_id is not null
            or (asked.account_id is not null and held.rep_id is null)
            or direct_deals.account_id is not null
        )
),

led as (
    select
        wanted.*,
        coalesce(families.family_id, 'account ' || wanted.account_id) as unit_id,
        first_value(wanted.lock_rep_id) over (
            partition by
                coalesce(families.family_id, 'account ' || wanted.account_id),
                wanted.lock_action
            order by
                case wanted.lock_source
                    when 'override' then 1 when 'hard_rule' then 2 else 3
                end asc,
                wanted.existing_potential desc,
                wanted.account_id asc
        ) as leading_rep_id
    from wanted
    inner join families on wanted.account_id = families.account_id
    left join given_way on wanted.account_id = given_way.account_id
    where given_way.account_id is null
),

units as (
    select
        coalesce(families.family_id, 'account ' || families.account_id) as unit_id,
        sum(accounts.hours_per_year) as hours,
        count(*) as account_count
    from families
    inner join accounts on families.account_id = accounts.account_id
    group by 1
),

-- The first lock of a family brings all its accounts along.
weighted as (
    select
        led.*,
        units.hours as unit_hours,
        units.account_count as unit_count,
        row_number() over (
            partition by led.unit_id, led.lock_action, led.lock_rep_id
            order by
                case when led.lock_source = 'rule' then 1 else 0 end asc,
                led.existing_potential desc,
                led.account_id asc
        ) = 1 as is_first
    from led
    inner join units on led.unit_id = units.unit_id
    where led.lock_source = 'override' or led.lock_rep_id = led.leading_rep_id
),

ordered as (
    select
        weighted.*,
        sum(case when is_first then unit_hours else 0 end) over (
            partition by lock_action, lock_rep_id
            order by
                case when lock_source = 'rule' then 1 else 0 end asc,
                existing_potential desc,
                account_id asc
            rows between unbounded preceding and current row
        ) as running_hours,
        sum(case when is_first then unit_count else 0 end) over (
            partition by lock_action, lock_rep_id
            order by
                case when lock_source = 'rule' then 1 else 0 end asc,
                existing_potential desc,
                account_id asc
            rows between unbounded preceding and current row
        ) as running_count
    from weighted
)

select
    ordered.account_id,
    ordered.lock_action,
    ordered.lock_rep_id,
    ordered.lock_reason,
    ordered.lock_source
from ordered
left join coverers on ordered.lock_rep_id = coverers.rep_id
where
    ordered.lock_source <> 'rule'
    or (
        ordered.running_hours <= coverers.capacity_hours
        and (coverers.max_accounts is null or ordered.running_count <= coverers.max_accounts)
    )
