select *
from {{ ref('base_crm__stage_changes') }}
where quarantine_reason is not null
