-- What is believed of a rep before looking at deals: managers' ratings and HR facts, each worth a
-- stated number of deals. Only the facts named in the company file enter: an earlier industry, a
-- language, a certification in force. Several beliefs about one thing are averaged by their weight.
with

calendar as (select as_of_on from {{ ref('int_company__calendar') }}),

employees as (select * from {{ ref('stg_hr__employees') }}),

ratings as (
    select
        rep_id,
        dimension,
        level,
        rating * log_odds_per_point as prior_effect,
        pseudo_deals,
        'rating' as source
    from {{ ref('stg_policy__manager_ratings') }}
),

industries as (
    select distinct industry
    from {{ ref('int_accounts__segmented') }}
),

rules as (select * from {{ ref('stg_policy__hr_priors') }}),

facts as (
    select
        employees.rep_id,
        'prior_industry' as fact,
        industries.industry as value
    from employees
    inner join industries
        on position(
            ';' || lower(industries.industry) || ';'
            in ';' || replace(lower(employees.prior_industries), ' ', '') || ';'
        ) > 0
    union
    select
        employees.rep_id,
        rules.fact,
        rules.value
    from employees
    inner join rules
        on rules.fact = 'language'
        and position(
            ';' || lower(rules.value) || ';'
            in ';' || replace(lower(employees.languages), ' ', '') || ';'
        ) > 0
    union
    select
        held.rep_id,
        'certification',
        held.certification
    from {{ ref('stg_hr__certifications') }} as held
    cross join calendar
    where
        (held.valid_from_on is null or held.valid_from_on <= calendar.as_of_on)
        and (held.valid_to_on is null or held.valid_to_on >= calendar.as_of_on)
),

hr as (
    select
        facts.rep_id,
        rules.dimension,
        coalesce(rules.level, facts.value) as level,
        rules.log_odds as prior_effect,
        rules.pseudo_deals,
        'hr' as source
    from facts
    inner join rules
        on facts.fact = rules.fact
        and (rules.value is null or facts.value = rules.value)
),

believed as (
    select * from ratings
    union all
    select * from hr
)

select
    rep_id,
    dimension,
    level,
    cast(sum(prior_effect * pseudo_deals) / sum(pseudo_deals) as double precision) as prior_effect,
    cast(sum(pseudo_deals) as double precision) as pseudo_deals,
    max(case when source = 'rating' then 1 else 0 end) = 1 as is_rated
from believed
where pseudo_deals > 0
group by rep_id, dimension, level
