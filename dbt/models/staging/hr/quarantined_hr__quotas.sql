select *
from {{ ref('base_hr__quotas') }}
where quarantine_reason is not null
