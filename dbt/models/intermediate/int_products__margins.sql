-- Contribution margin by product: that of its list price and cost, shrunk to its family's with 5
-- pseudo-deals (a product hardly sold yet has a margin on paper only), the family's to the
-- company's. May be negative: such deals are worth less than none. 1 where no cost is known at all.
{% set pseudo_deals = 5.0 %}

with

sold as (
    select
        product,
        count(*) as wins,
        sum(usual_amount) as won_amount
    from {{ ref('int_opportunities__profiled') }}
    where is_won
    group by product
),

products as (
    select
        sold.product,
        coalesce(listed.family, '(unknown)') as family,
        listed.margin_rate,
        sold.wins,
        greatest(sold.won_amount, 0) as won_amount
    from sold
    left join {{ ref('stg_crm__products') }} as listed on sold.product = listed.product_id
    union all
    select
        listed.product_id,
        listed.family,
        listed.margin_rate,
        0,
        0.0
    from {{ ref('stg_crm__products') }} as listed
    where listed.product_id not in (select sold.product from sold)
    union all
    -- Open deals and mixes may name no product.
    select
        '(unknown)',
        '(unknown)',
        null,
        0,
        0.0
    where '(unknown)' not in (select product from sold)
),

company as (
    select
        sum(margin_rate * won_amount)
        / nullif(sum(case when margin_rate is not null then won_amount end), 0) as margin_rate
    from products
),

families as (
    select
        family,
        sum(margin_rate * won_amount)
        / nullif(sum(case when margin_rate is not null then won_amount end), 0) as margin_rate
    from products
    group by family
)

select
    products.product,
    products.family,
    coalesce(
        (
            products.wins
            * coalesce(products.margin_rate, families.margin_rate, company.margin_rate)
            + {{ pseudo_deals }} * coalesce(families.margin_rate, company.margin_rate)
        ) / (products.wins + {{ pseudo_deals }}),
        products.margin_rate,
        1.0
    ) as margin_rate,
    coalesce(products.margin_rate, families.margin_rate, company.margin_rate) is not null
        as is_margin_known
from products
inner join families on products.family = families.family
cross join company
