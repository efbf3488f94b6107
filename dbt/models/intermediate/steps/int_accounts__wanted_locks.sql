-- What would bind an account to its owner or keep it from one, each account judged for itself: a
-- person's override comes before every rule, and "release" frees the account from all of them. Of
-- the rules, a freeze and too many changes of owner come first.
with

accounts as (select * from {{ ref('int_accounts__segmented') }}),

calendar as (select * from {{ ref('int_company__calendar') }}),

settings as (select * from {{ ref('stg_policy__company_settings') }}),

potential as (select * from {{ ref('int_accounts__potential') }}),

coverers as (select * from {{ ref('int_coverers__capacity') }}),

present as (select * from {{ ref('int_accounts__present_owner') }}),

-- Two on one account are a remove from one rep and a keep with another (anything else is refused
-- when the file is read): the keep says both.
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
                order by
                    case in_force.action when 'keep' then 1 when 'remove' then 2 else 3 end,
                    in_force.rep_id,
                    in_force.author
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
        -- Overdue is not gone: it stays open until the CRM closes it.
        and {{ dbt.datediff('calendar.as_of_on', 'opportunities.expected_close_on', 'day') }}
        <= settings.renewal_lock_days
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
        present.present_rep_id is not null and coalesce(overrides.action, '') <> 'release'
            as may_be_locked,
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

judged as (
    select
        account_id,
        existing_potential,
        case
            when action in ('keep', 'remove') then action
            when not may_be_locked then null
            when freeze_reason is not null or change_count >= max_owner_changes then 'keep'
            when is_named or has_late_deal or has_renewal then 'keep'
        end as lock_action,
        coalesce(case when action in ('keep', 'remove') then rep_id end, present_rep_id)
            as lock_rep_id,
        case
            when action in ('keep', 'remove')
                then 'override: ' || coalesce(reason, 'no reason given')
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
)

select *
from judged
where lock_action is not null
