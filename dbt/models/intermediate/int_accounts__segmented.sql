with

accounts as (select * from {{ ref('stg_crm__accounts') }}),

calendar as (select * from {{ ref('int_company__calendar') }}),

settings as (select * from {{ ref('stg_policy__company_settings') }}),

size_bands as (select * from {{ ref('stg_policy__size_bands') }}),

-- A band reaches up to the next one.
bounded_bands as (
    select
        size_band,
        min_employees,
        lead(min_employees) over (order by min_employees) as next_min_employees
    from size_bands
),

won as (
    select
        deals.account_id,
        max(deals.closed_on) as last_won_on
    from {{ ref('stg_crm__opportunities') }} as deals
    cross join calendar
    where deals.is_won and deals.closed_on <= calendar.as_of_on
    group by deals.account_id
),

banded as (
    select
        accounts.account_id,
        accounts.name,
        accounts.parent_account_id,
        accounts.owner_rep_id,
        accounts.is_named,
        accounts.created_on,
        coalesce(accounts.industry, '(unknown)') as industry,
        coalesce(accounts.region, '(unknown)') as region,
        coalesce(bounded_bands.size_band, '(unknown)') as size_band,
        case
            when won.last_won_on >= {{ dbt.dateadd(
                'month', '-cast(settings.installed_base_months as integer)', 'calendar.as_of_on'
            ) }} then 'installed_base'
            else 'new_business'
        end as lifecycle,
        won.last_won_on
    from accounts
    cross join calendar
    cross join settings
    left join bounded_bands
        on accounts.employees >= bounded_bands.min_employees
        and (
            accounts.employees < bounded_bands.next_min_employees
            or bounded_bands.next_min_employees is null
        )
    left join won on accounts.account_id = won.account_id
),

policies as (select * from {{ ref('stg_policy__coverage_policies') }}),

matched as (
    select
        banded.account_id,
        policies.hours_per_year,
        policies.policy_position,
        row_number() over (partition by banded.account_id order by policies.policy_position)
            as match_rank
    from banded
    inner join policies
        on policies.lifecycle in (banded.lifecycle, 'any')
        and policies.size_band in (banded.size_band, 'any')
)

select
    banded.*,
    {{ profile_id('banded.industry', 'banded.region', 'banded.size_band') }} as profile_id,
    banded.lifecycle || ' / ' || banded.size_band || ' / ' || banded.industry || ' / '
    || banded.region as segment_id,
    matched.hours_per_year,
    matched.policy_position
from banded
left join matched
    on banded.account_id = matched.account_id
    and matched.match_rank = 1
