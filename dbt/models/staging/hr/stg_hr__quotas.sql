select
    rep_id,
    {{ month_start('starts_on') }} as starts_on,
    coalesce(month_count, 1) as month_count,
    revenue_type,
    amount
from {{ ref('base_hr__quotas') }}
where quarantine_reason is null
