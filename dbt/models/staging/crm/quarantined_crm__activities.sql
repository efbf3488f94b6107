select *
from {{ ref('base_crm__activities') }}
where quarantine_reason is not null
