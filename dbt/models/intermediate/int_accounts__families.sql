-- Accounts that are covered together: those of one ultimate parent, where the rule for the parent's
-- segment says so; "conditional" keeps together only those of one region. An account on its own has
-- no family. Parents that point at each other in a circle stay on their own.
with recursive

accounts as (select * from {{ ref('int_accounts__segmented') }}),

links as (
    select
        accounts.account_id,
        parents.account_id as parent_account_id
    from accounts
    inner join accounts as parents
        on accounts.parent_account_id = parents.account_id
        and accounts.account_id <> parents.account_id
),

chain as (
    select
        account_id,
        account_id as ancestor_id,
        0 as depth
    from accounts
    union all
    select
        chain.account_id,
        links.parent_account_id,
        chain.depth + 1
    from chain
    inner join links on chain.ancestor_id = links.account_id
    where chain.depth < 10
),

tops as (
    select
        ranked.account_id,
        ranked.ancestor_id as top_account_id
    from (
        select
            chain.*,
            row_number() over (partition by chain.account_id order by chain.depth desc) as choice
        from chain
    ) as ranked
    where ranked.choice = 1
),

rules as (select * from {{ ref('stg_policy__family_rules') }}),

policies as (
    select
        parents.account_id as top_account_id,
        rules.policy,
        row_number() over (partition by parents.account_id order by rules.rule_position) as choice
    from accounts as parents
    inner join rules
        on rules.lifecycle in (parents.lifecycle, 'any')
        and rules.size_band in (parents.size_band, 'any')
),

grouped as (
    select
        tops.account_id,
        tops.top_account_id,
        case policies.policy
            when 'together' then tops.top_account_id
            when 'conditional' then tops.top_account_id || ' in ' || accounts.region
        end as family_id
    from tops
    inner join accounts on tops.account_id = accounts.account_id
    left join policies on tops.top_account_id = policies.top_account_id and policies.choice = 1
)

select
    account_id,
    top_account_id,
    case when count(*) over (partition by family_id) > 1 then family_id end as family_id
from grouped
