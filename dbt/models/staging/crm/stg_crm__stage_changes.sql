select
    opportunity_id,
    stage,
    cast(entered_at as date) as entered_on
from {{ ref('base_crm__stage_changes') }}
where quarantine_reason is null
