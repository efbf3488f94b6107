select *
from {{ ref('base_crm__splits') }}
where quarantine_reason is not null
