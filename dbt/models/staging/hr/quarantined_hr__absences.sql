select *
from {{ ref('base_hr__absences') }}
where quarantine_reason is not null
