-- What binds an account to its owner or keeps it from one. A person's override comes before every
-- rule; "release" frees the account from all of them. Of the rules, a freeze and too many changes of
-- owner always bind; named accounts, late deals and renewals bind as many of a rep's accounts as the
-- rep can carry, the largest first. Locks by rule give way to what people decided and to eligibility,
-- for the account and for its family, and of a family only those of one rep hold: rules never
-- contradict each other into a night without a plan.
with

accounts as (select * from {{ ref('int_accounts__segmented') }}),

calendar as (select * from {{ ref('int_company__calendar') }}),

settings as (select * from {{ ref('stg_policy__company_settings') }}),

potential as (select * from {{ ref('int_accounts__potential') }}),

coverers as (select * from {{ ref('int_coverers__capacity') }}),

present as (select * from {{ ref('int_accounts__present_owner') }}),

families as (select * from {{ ref('int_accounts__families') }}),

-- Two on one account are a remove from one rep and a keep with another (anything else is refused when
-- the file is read): the keep says both.
overrides as (
    select
        ranked.account_id,
        ranked.rep_id,
        ranked.action,
        ranked.reason
    from (
        select
            in_force.*,
            row_number() over (
                partition by in_force.account_id
                order by case in_force.action when 'keep' then 1 when 'remove' then 2 else 3 end,
                    in_force.rep_id, in_force.author
            ) as choice
        from {{ ref('int_overrides__in_force') }} as in_force
        where in_force.action <> 'forbid'
    ) as ranked
    where ranked.choice = 1
),

late_deals as (
    select distinct opportunities.account_id
    from {{ ref('int_opportunities__profiled') }} as opportunities
    inner join {{ ref('stg_policy__lock_stages') }} as stages on opportunities.stage = stages.stage
    where not opportunities.is_closed
),

renewals as (
    select distinct opportunities.account_id
    from {{ ref('stg_crm__opportunities') }} as opportunities
    cross join calendar
    cross join settings
    where
        opportunities.is_renewal
        and not opportunities.is_closed
        and opportunities.expected_close_on >= calendar.as_of_on
        and {{ dbt.datediff('calendar.as_of_on', 'opportunities.expected_close_on', 'day') }} <= settings.renewal_lock_days
),

changed as (
    select
        past.account_id,
        count(*) as change_count
    from {{ ref('stg_history__past_changes') }} as past
    cross join calendar
    where past.changed_on > {{ dbt.dateadd('month', -12, 'calendar.as_of_on') }}
    group by past.account_id
),

freezes as (
    select
        freezes.group_id,
        min(freezes.reason) as reason
    from {{ ref('stg_policy__freezes') }} as freezes
    cross join calendar
    where calendar.as_of_on between freezes.from_on and freezes.to_on
    group by freezes.group_id
),

facts as (
    select
        accounts.account_id,
        present.present_rep_id,
        overrides.action,
        overrides.rep_id,
        overrides.reason,
        present.present_rep_id is not null and coalesce(overrides.action, '') <> 'release' as may_be_locked,
        coalesce(group_freezes.reason, company_freezes.reason) as freeze_reason,
        coalesce(changed.change_count, 0) as change_count,
        settings.max_owner_changes,
        accounts.is_named and settings.lock_named_accounts as is_named,
        late_deals.account_id is not null as has_late_deal,
        renewals.account_id is not null as has_renewal,
        potential.existing_deals_per_year * potential.existing_value_per_win as existing_potential
    from accounts
    cross join settings
    inner join potential on accounts.account_id = potential.account_id
    inner join present on accounts.account_id = present.account_id
    left join coverers on present.present_rep_id = coverers.rep_id
    left join overrides on accounts.account_id = overrides.account_id
    left join late_deals on accounts.account_id = late_deals.account_id
    left join renewals on accounts.account_id = renewals.account_id
    left join changed on accounts.account_id = changed.account_id
    left join freezes as group_freezes on coverers.group_id = group_freezes.group_id
    left join freezes as company_freezes on company_freezes.group_id is null
),

wanted as (
    select
        account_id,
        existing_potential,
        case
            when action in ('keep', 'remove') then action
            when may_be_locked and (
                freeze_reason is not null or change_count >= max_owner_changes
                or is_named or has_late_deal or has_renewal
            ) then 'keep'
        end as lock_action,
        case when action in ('keep', 'remove') then coalesce(rep_id, present_rep_id) else present_rep_id end
            as lock_rep_id,
        case
            when action in ('keep', 'remove') then 'override: ' || coalesce(reason, 'no reason given')
            when freeze_reason is not null then 'frozen: ' || freeze_reason
            when change_count >= max_owner_changes
                then 'changed rep ' || cast(change_count as varchar) || ' times in twelve months'
            when is_named then 'named account'
            when has_late_deal then 'open late-stage deal'
            else 'renewal due'
        end as lock_reason,
        case
            when action in ('keep', 'remove') then 'override'
            when freeze_reason is not null or change_count >= max_owner_changes then 'hard_rule'
            else 'rule'
        end as lock_source
    from facts
),

members as (
    select
        mine.account_id,
        others.account_id as member_account_id
    from families as mine
    inner join families as others on mine.family_id = others.family_id
    union
    select account_id, account_id
    from families
),

-- Locks by rule on a rep whom a person or a rule of eligibility keeps from the account or its family.
given_way as (
    select distinct wanted.account_id
    from wanted
    inner join members on wanted.account_id = members.account_id
    left join present as members_present on members.member_account_id = members_present.account_id
    left join {{ ref('int_overrides__in_force') }} as decided
        on members.member_account_id = decided.account_id
        and decided.action in ('forbid', 'remove')
        and coalesce(decided.rep_id, members_present.present_rep_id) = wanted.lock_rep_id
    left join coverers on wanted.lock_rep_id = coverers.rep_id
    left join {{ ref('int_accounts__certificates') }} as asked
        on members.member_account_id = asked.account_id
        and asked.mode = 'hard'
        and coverers.coverer_type = 'rep'
    left join {{ ref('int_reps__certificates') }} as held
        on wanted.lock_rep_id = held.rep_id
        and asked.certification = held.certification
    left join {{ ref('stg_crm__opportunities') }} as direct_deals
        on members.member_account_id = direct_deals.account_id
        and not direct_deals.is_closed
        and coverers.coverer_type = 'partner'
    where
        wanted.lock_action is not null
        and wanted.lock_source <> 'override'
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
            partition by coalesce(families.family_id, 'account ' || wanted.account_id), wanted.lock_action
            order by case wanted.lock_source when 'override' then 1 when 'hard_rule' then 2 else 3 end,
                wanted.existing_potential desc, wanted.account_id
        ) as leading_rep_id
    from wanted
    inner join families on wanted.account_id = families.account_id
    left join given_way on wanted.account_id = given_way.account_id
    where wanted.lock_action is not null and given_way.account_id is null
),

-- The first lock of a family brings all its accounts along.
weighted as (
    select
        led.*,
        units.hours as unit_hours,
        units.account_count as unit_count,
        row_number() over (
            partition by led.unit_id, led.lock_action, led.lock_rep_id
            order by case when led.lock_source = 'rule' then 1 else 0 end, led.existing_potential desc, led.account_id
        ) = 1 as is_first
    from led
    inner join (
        select
            coalesce(families.family_id, 'account ' || families.account_id) as unit_id,
            sum(accounts.hours_per_year) as hours,
            count(*) as account_count
        from families
        inner join accounts on families.account_id = accounts.account_id
        group by 1
    ) as units on led.unit_id = units.unit_id
    where led.lock_source = 'override' or led.lock_rep_id = led.leading_rep_id
),

ordered as (
    select
        weighted.*,
        sum(case when is_first then unit_hours else 0 end) over (
            partition by lock_action, lock_rep_id
            order by case when lock_source = 'rule' then 1 else 0 end, existing_potential desc, account_id
            rows between unbounded preceding and current row
        ) as running_hours,
        sum(case when is_first then unit_count else 0 end) over (
            partition by lock_action, lock_rep_id
            order by case when lock_source = 'rule' then 1 else 0 end, existing_potential desc, account_id
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
