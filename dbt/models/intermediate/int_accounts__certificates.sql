-- Certificates that an account asks of its coverer, by the rules of the company file. A rule for a
-- product holds where the account bought it lately or has an open deal for it.
with

accounts as (select * from {{ ref('int_accounts__segmented') }}),

rules as (select * from {{ ref('stg_policy__certification_rules') }}),

calendar as (select * from {{ ref('int_company__calendar') }}),

settings as (select * from {{ ref('stg_policy__company_settings') }}),

products as (
    select distinct
        opportunities.account_id,
        opportunities.product
    from {{ ref('int_opportunities__profiled') }} as opportunities
    cross join calendar
    cross join settings
    where
        not opportunities.is_closed
        or (
            opportunities.is_won
            and opportunities.closed_on >= {{ dbt.dateadd(
                'month', '-cast(settings.installed_base_months as integer)', 'calendar.as_of_on'
            ) }}
        )
)

select
    accounts.account_id,
    rules.certification,
    -- Several rules may ask for one certificate; one hard rule is enough, losses add up to all at
    -- most.
    case when max(case when rules.mode = 'hard' then 1 else 0 end) = 1 then 'hard' else 'soft' end
        as mode,
    least(sum(rules.loss_rate), 1.0) as loss_rate
from accounts
inner join rules
    on rules.lifecycle in (accounts.lifecycle, 'any')
    and rules.size_band in (accounts.size_band, 'any')
    and rules.industry in (accounts.industry, 'any')
left join products on accounts.account_id = products.account_id and rules.product = products.product
where rules.product = 'any' or products.account_id is not null
group by accounts.account_id, rules.certification
