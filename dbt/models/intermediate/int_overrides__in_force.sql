-- Decisions of people that count on the day of the plan; expired ones do not.
select
    overrides.account_id,
    overrides.rep_id,
    overrides.action,
    overrides.author,
    overrides.reason
from {{ ref('stg_policy__overrides') }} as overrides
cross join {{ ref('int_company__calendar') }} as calendar
where overrides.expires_on is null or overrides.expires_on >= calendar.as_of_on
