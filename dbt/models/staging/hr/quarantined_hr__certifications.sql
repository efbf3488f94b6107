select *
from {{ ref('base_hr__certifications') }}
where quarantine_reason is not null
