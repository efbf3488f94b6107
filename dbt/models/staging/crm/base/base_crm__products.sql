select
    product_id,
    name,
    family,
    list_price,
    unit_cost,
    _row,
    _issues,
    _fixes,
    case when product_id is null then 'product_id_missing' end as quarantine_reason
from {{ source('raw', 'products') }}
