select
    company_buffer_rate,
    under_certified_rate,
    expiry_warning_days,
    short_hours_rate,
    turnover_trigger_rate,
    turnover_loss_rate
from {{ source('policy', 'people_policy') }}
