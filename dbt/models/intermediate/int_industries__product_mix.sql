-- What an industry asks for: the share of each product in its closed deals. One with few deals
-- still asks for roughly what the whole company is asked for: 10 pseudo-deals.
{% set pseudo_deals = 10.0 %}

with

industries as (
    select distinct industry
    from {{ ref('int_accounts__segmented') }}
),

deals as (
    select
        industry,
        product,
        count(*) as deals
    from {{ ref('int_opportunities__profiled') }}
    where is_closed
    group by industry, product
),

company as (
    select
        product,
        sum(deals) as deals
    from deals
    group by product
),

total as (select sum(deals) as deals from company)

select
    industries.industry,
    company.product,
    (coalesce(deals.deals, 0) + {{ pseudo_deals }} * company.deals / total.deals)
    / sum(coalesce(deals.deals, 0) + {{ pseudo_deals }} * company.deals / total.deals) over (
        partition by industries.industry
    ) as share
from industries
cross join company
cross join total
left join deals on industries.industry = deals.industry and company.product = deals.product
