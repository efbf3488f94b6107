-- Is the money there? Salaries and commission of a group against its budget. A group of fewer than
-- three people would show a person's pay: it gets the verdict, not the amounts. Partners are no people.
with

employees as (select * from {{ ref('stg_hr__employees') }}),

calendar as (select * from {{ ref('int_company__calendar') }}),

groups as (select * from {{ ref('coverage_groups') }}),

plans as (select * from {{ source('policy', 'comp_plans') }}),

partners as (select * from {{ source('policy', 'partners') }}),

salaries as (
    select
        employees.group_id,
        count(*) as people_count,
        count(*) - count(employees.base_pay) as unknown_pay_count,
        sum(employees.base_pay) as salary_amount
    from employees
    cross join calendar
    where employees.terminated_on is null or employees.terminated_on > calendar.plan_start_on
    group by 1
),

rates as (
    select
        coverers.rep_id,
        coalesce(plans.commission_rate, partners.margin_share, 0) as commission_rate
    from {{ ref('coverage_coverers') }} as coverers
    left join plans on coverers.role = plans.role
    left join partners on coverers.rep_id = partners.partner_id
),

commissions as (
    select
        assignments.group_id,
        sum((assignments.new_amount + assignments.existing_amount) * rates.commission_rate) as expected_amount,
        sum(assignments.new_amount + assignments.existing_amount) as booking_amount
    from {{ source('plan', 'coverage_assignments') }} as assignments
    inner join rates on assignments.rep_id = rates.rep_id
    where assignments.coverer_type <> 'house'
    group by 1
),

spread as (
    select
        entity_id as group_id,
        max(expected_amount) as expected_amount,
        max(sd_amount) as sd_amount
    from {{ source('plan', 'attainment_outlook') }}
    where level = 'group' and is_default
    group by 1
),

costed as (
    select
        groups.group_id,
        groups.budget_amount,
        coalesce(salaries.people_count, 0) as people_count,
        coalesce(salaries.unknown_pay_count, 0) as unknown_pay_count,
        coalesce(salaries.people_count, 0) not in (1, 2) and coalesce(salaries.unknown_pay_count, 0) = 0
            as is_shown,
        coalesce(salaries.salary_amount, 0) as salary_amount,
        coalesce(commissions.expected_amount, 0) as commission_amount,
        -- 90th percentile of bookings, at the group's mean rate.
        coalesce(commissions.expected_amount, 0)
        * (1 + 1.2816 * coalesce(spread.sd_amount / nullif(spread.expected_amount, 0), 0)) as p90_commission_amount
    from groups
    left join salaries on groups.group_id = salaries.group_id
    left join commissions on groups.group_id = commissions.group_id
    left join spread on groups.group_id = spread.group_id
)

select
    group_id,
    cast(people_count as bigint) as people_count,
    budget_amount,
    cast(case when is_shown then salary_amount + commission_amount end as double precision)
        as expected_cost_amount,
    cast(case when is_shown then salary_amount + p90_commission_amount end as double precision)
        as p90_cost_amount,
    cast(case when is_shown then greatest(salary_amount + commission_amount - budget_amount, 0) end as double precision)
        as over_budget_amount,
    case
        when budget_amount is null then 'no budget given'
        when unknown_pay_count > 0 then 'pay unknown'
        when salary_amount + commission_amount > budget_amount then 'over budget'
        when salary_amount + p90_commission_amount > budget_amount then 'over budget in a good year'
        else 'within budget'
    end as verdict
from costed
