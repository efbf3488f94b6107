-- A partner does not cover an account beside a deal that the company's own reps have open there.
select distinct account_id
from {{ ref('stg_crm__opportunities') }}
where not is_closed
