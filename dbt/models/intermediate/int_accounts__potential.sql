-- What an account is expected to ask for in the next twelve months, whoever covers it.
--   rate    opportunities a year, as its kind of accounts has them
--   value   of a won deal, log-normal: exp of the value model's own part (revenue type, industry,
--           region, size band, account) times the products its industry asks for; its intercept is
--           set so that predicted and actual value of all won deals are equal.
--   margin  how far the account's own purchases differ from what its industry buys, shrunk by the
--           company's mean purchases per account.
{# The value model's terms that are the account's own, and the account's column of each. #}
{% set value_terms = {
    'revenue_type': 'rates.revenue_type',
    'industry': 'accounts.industry',
    'geography': 'accounts.region',
    'size_band': 'accounts.size_band',
    'account': 'accounts.account_id',
} %}

with

accounts as (select * from {{ ref('int_accounts__segmented') }}),

rates as (select * from {{ ref('int_accounts__deal_rates') }}),

effects as (select * from {{ ref('stg_strength__effects') }}),

mix as (select * from {{ ref('int_industries__product_mix') }}),

margins as (select * from {{ ref('int_products__margins') }}),

deals as (
    select *
    from {{ ref('int_opportunities__profiled') }}
    where is_closed and age_days <= 365.25 * 3.0
),

-- What an industry asks for: mean value factor and margin of its products.
baskets as (
    select
        mix.industry,
        sum(mix.share * exp(coalesce(value_effects.effect, 0.0))) as value_factor,
        sum(mix.share * exp(coalesce(value_effects.effect, 0.0)) * margins.margin_rate)
        / sum(mix.share * exp(coalesce(value_effects.effect, 0.0))) as margin_rate,
        min(case when margins.is_margin_known then 1 else 0 end) = 1 as is_margin_known
    from mix
    inner join margins on mix.product = margins.product
    left join effects as value_effects
        on value_effects.model = 'value'
        and value_effects.term = 'product'
        and mix.product = value_effects.level
    group by mix.industry
),

value_spread as (
    select coalesce(max(tau2), 0.0) as tau2
    from effects
    where model = 'value' and term = 'account'
),

bought as (
    select
        deals.account_id,
        sum(deals.amount * margins.margin_rate) as margin_amount,
        sum(deals.amount) as amount
    from deals
    inner join margins on deals.product = margins.product
    where deals.is_won
    group by deals.account_id
),

mean_bought as (
    select coalesce(avg(amount), 0) as amount
    from bought
),

estimated as (
    select
        rates.*,
        coalesce(
            baskets.value_factor * exp(
                base.effect
                {% for term in value_terms -%}
                + coalesce(term_{{ term }}.effect, 0.0)
                {% endfor %}
            ),
            0.0
        ) as value_per_win,
        coalesce(term_account.variance, value_spread.tau2) as value_cv2
    from rates
    inner join accounts on rates.account_id = accounts.account_id
    cross join value_spread
    left join baskets on accounts.industry = baskets.industry
    left join effects as base on base.model = 'value' and base.term = 'base'
    {% for term, level in value_terms.items() %}
    left join effects as term_{{ term }}
        on term_{{ term }}.model = 'value'
        and term_{{ term }}.term = '{{ term }}'
        and term_{{ term }}.level = {{ level }}
    {% endfor %}
),

by_type as (
    select
        account_id,
        max(case when revenue_type = 'new' then deals_per_year end) as new_deals_per_year,
        max(case when revenue_type = 'existing' then deals_per_year end) as existing_deals_per_year,
        max(case when revenue_type = 'new' then value_per_win end) as new_value_per_win,
        max(case when revenue_type = 'existing' then value_per_win end) as existing_value_per_win,
        max(case when revenue_type = 'new' then rate_cv2 end) as new_rate_cv2,
        max(case when revenue_type = 'existing' then rate_cv2 end) as existing_rate_cv2,
        max(value_cv2) as value_cv2,
        sum(won_amount_last_year) as won_amount_last_year
    from estimated
    group by account_id
)

select
    by_type.*,
    coalesce(win_account.effect, 0.0) as win_effect,
    coalesce(
        coalesce(bought.amount, 0)
        * (coalesce(bought.margin_amount / nullif(bought.amount, 0), 0) - baskets.margin_rate)
        / nullif(coalesce(bought.amount, 0) + mean_bought.amount, 0),
        0.0
    ) as margin_difference,
    coalesce(baskets.is_margin_known, false) as is_margin_known
from by_type
inner join accounts on by_type.account_id = accounts.account_id
cross join mean_bought
left join bought on by_type.account_id = bought.account_id
left join baskets on accounts.industry = baskets.industry
left join effects as win_account
    on win_account.model = 'win'
    and win_account.term = 'account'
    and by_type.account_id = win_account.level
