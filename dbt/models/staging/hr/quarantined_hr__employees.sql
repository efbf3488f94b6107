select *
from {{ ref('base_hr__employees') }}
where quarantine_reason is not null
