select *
from {{ ref('base_crm__opportunities') }}
where quarantine_reason is not null
