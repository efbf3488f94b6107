-- Certificates that a rep holds on the day of the plan.
select distinct
    certifications.rep_id,
    certifications.certification
from {{ ref('stg_hr__certifications') }} as certifications
cross join {{ ref('int_company__calendar') }} as calendar
where
    (certifications.valid_from_on is null or certifications.valid_from_on <= calendar.as_of_on)
    and (certifications.valid_to_on is null or certifications.valid_to_on >= calendar.as_of_on)
