select
    currency,
    starts_on,
    rate,
    _row,
    _issues,
    _fixes,
    case
        when currency is null then 'currency_missing'
        when starts_on is null then 'starts_on_missing'
        when rate is null then 'rate_missing'
        when rate <= 0 then 'rate_not_positive'
    end as quarantine_reason
from {{ source('raw', 'exchange_rates') }}
