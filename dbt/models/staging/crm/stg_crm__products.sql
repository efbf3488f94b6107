select
    product_id,
    name,
    coalesce(family, '(unknown)') as family,
    list_price,
    unit_cost,
    -- Contribution margin of a list-price sale; may be negative, and is unknown without a cost.
    case
        when list_price > 0 and unit_cost is not null then (list_price - unit_cost) / list_price
    end
        as margin_rate
from {{ ref('base_crm__products') }}
where quarantine_reason is null
