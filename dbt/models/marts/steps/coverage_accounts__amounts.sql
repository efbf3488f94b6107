-- What an account is expected to buy in the next twelve months under a rep of whom nothing is
-- known. Rates and values say how accounts compare; the company's level says what they come to, by
-- revenue type. A large account's own history counts beside that, and changes nobody else's.
with

accounts as (select * from {{ ref('int_accounts__segmented') }}),

potential as (select * from {{ ref('int_accounts__potential') }}),

win_rates as (select * from {{ ref('stg_strength__win_rates') }} where rep_id = '(segment)'),

company_level as (select * from {{ ref('stg_levels__company_level') }}),

large as (select * from {{ ref('stg_levels__large_accounts') }}),

compared as (
    select
        accounts.account_id,
        {% for revenue_type in ['new', 'existing'] -%}
        coalesce(
            potential.{{ revenue_type }}_deals_per_year * potential.{{ revenue_type }}_value_per_win
            * {{ shift_odds(
                'win_rates.' ~ revenue_type ~ '_won_value_rate', 'potential.win_effect'
            ) }},
            0.0
        ) as {{ revenue_type }}_amount,
        {% endfor -%}
        large.own_amount,
        coalesce(large.own_weight, 0.0) as own_weight
    from accounts
    inner join potential on accounts.account_id = potential.account_id
    left join win_rates on accounts.profile_id = win_rates.profile_id
    left join large on accounts.account_id = large.account_id
),

-- Nothing won so far says nothing of the level.
forecast as (
    select
        max(case when revenue_type = 'new' then level_amount end) as new_amount,
        max(case when revenue_type = 'existing' then level_amount end) as existing_amount
    from company_level
    where level_amount > 0
),

levels as (
    select
        coalesce(max(forecast.new_amount) / nullif(sum(compared.new_amount), 0), 1.0)
            as new_factor,
        coalesce(max(forecast.existing_amount) / nullif(sum(compared.existing_amount), 0), 1.0)
            as existing_factor
    from compared
    cross join forecast
    where compared.own_amount is null
),

levelled as (
    select
        compared.account_id,
        compared.new_amount * levels.new_factor as new_amount,
        compared.existing_amount * levels.existing_factor as existing_amount,
        compared.own_amount,
        compared.own_weight
    from compared
    cross join levels
)

select
    account_id,
    case
        when own_amount is null then new_amount
        when new_amount + existing_amount = 0 then 0.0
        else new_amount
            * (1 - own_weight + own_weight * own_amount / (new_amount + existing_amount))
    end as new_amount,
    case
        when own_amount is null then existing_amount
        when new_amount + existing_amount = 0 then own_weight * own_amount
        else existing_amount
            * (1 - own_weight + own_weight * own_amount / (new_amount + existing_amount))
    end as existing_amount
from levelled
