select
    opportunity_id,
    sentence
from {{ ref('unusual_deals') }}
where not is_accepted
order by deal_amount desc, opportunity_id
