select *
from {{ ref('base_crm__accounts') }}
where quarantine_reason is not null
