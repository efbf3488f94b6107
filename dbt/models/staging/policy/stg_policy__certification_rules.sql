select
    certification,
    lifecycle,
    size_band,
    industry,
    product,
    mode,
    loss_rate
from {{ source('policy', 'certification_rules') }}
