-- What an account is expected to ask for in the next twelve months, whoever covers it.
--   rate    opportunities a year, as accounts of its size have them
--   value   of a won deal: that of its kind, times the products its industry asks for, times the
--           account's own: what its deals brought over what their kind and product predict, shrunk
--           as the value model shrinks it, but in amounts: shrunk in logarithms, a customer ten
--           times as large as its kind would be taken for four.
--   margin  how far the account's own purchases differ from what its industry buys, shrunk by the
--           company's mean purchases per account.
with

accounts as (select * from {{ ref('int_accounts__segmented') }}),

rates as (select * from {{ ref('int_accounts__deal_rates') }}),

deal_values as (select * from {{ ref('int_accounts__deal_values') }}),

effects as (select * from {{ ref('stg_strength__effects') }}),

mix as (select * from {{ ref('int_industries__product_mix') }}),

deals as (
    select *
    from {{ ref('int_opportunities__profiled') }}
    where is_won and age_days <= 365.25 * 3.0
),

products as (
    select
        margins.*,
        exp(coalesce(effects.effect, 0.0)) as value_factor
    from {{ ref('int_products__margins') }} as margins
    left join effects
        on effects.model = 'value'
        and effects.term = 'product'
        and margins.product = effects.level
),

-- What an industry asks for: mean value factor and margin of its products.
baskets as (
    select
        mix.industry,
        sum(mix.share * products.value_factor) as value_factor,
        sum(mix.share * products.value_factor * products.margin_rate)
        / sum(mix.share * products.value_factor) as margin_rate,
        min(case when products.is_margin_known then 1 else 0 end) = 1 as is_margin_known
    from mix
    inner join products on mix.product = products.product
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
        sum(deals.usual_amount * products.margin_rate) as margin_amount,
        sum(deals.usual_amount) as amount,
        sum(deal_values.value_of_kind * products.value_factor) as amount_of_kind,
        sum(case when deals.age_days <= 365 then deals.amount else 0 end) as amount_last_year
    from deals
    inner join products on deals.product = products.product
    inner join deal_values
        on deals.account_id = deal_values.account_id
        and deals.revenue_type = deal_values.revenue_type
    group by deals.account_id
),

mean_bought as (
    select coalesce(avg(amount), 0) as amount
    from bought
),

-- How far an account's own values count: 1 - variance of its effect over the spread of accounts.
own as (
    select
        accounts.account_id,
        coalesce(term.variance, value_spread.tau2) as value_cv2,
        1 + coalesce(1 - term.variance / nullif(value_spread.tau2, 0), 0)
        * (coalesce(bought.amount / nullif(bought.amount_of_kind, 0), 1) - 1) as value_factor
    from accounts
    cross join value_spread
    left join bought on accounts.account_id = bought.account_id
    left join effects as term
        on term.model = 'value'
        and term.term = 'account'
        and accounts.account_id = term.level
)

select
    accounts.account_id,
    rates.new_deals_per_year,
    rates.existing_deals_per_year,
    coalesce(new_values.value_of_kind * baskets.value_factor * own.value_factor, 0.0)
        as new_value_per_win,
    coalesce(existing_values.value_of_kind * baskets.value_factor * own.value_factor, 0.0)
        as existing_value_per_win,
    rates.rate_cv2 as new_rate_cv2,
    rates.rate_cv2 as existing_rate_cv2,
    own.value_cv2,
    coalesce(bought.amount_last_year, 0) as won_amount_last_year,
    coalesce(win_account.effect, 0.0) as win_effect,
    coalesce(
        coalesce(bought.amount, 0)
        * (coalesce(bought.margin_amount / nullif(bought.amount, 0), 0) - baskets.margin_rate)
        / nullif(coalesce(bought.amount, 0) + mean_bought.amount, 0),
        0.0
    ) as margin_difference,
    coalesce(baskets.is_margin_known, false) as is_margin_known
from accounts
cross join mean_bought
inner join rates on accounts.account_id = rates.account_id
inner join own on accounts.account_id = own.account_id
inner join deal_values as new_values
    on accounts.account_id = new_values.account_id and new_values.revenue_type = 'new'
inner join deal_values as existing_values
    on accounts.account_id = existing_values.account_id
    and existing_values.revenue_type = 'existing'
left join bought on accounts.account_id = bought.account_id
left join baskets on accounts.industry = baskets.industry
left join effects as win_account
    on win_account.model = 'win'
    and win_account.term = 'account'
    and accounts.account_id = win_account.level
