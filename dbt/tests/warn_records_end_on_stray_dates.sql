select
    records.latest_on,
    case when records.stray_count = 1 then 'one date of a deal lies' else records.stray_count || ' dates of deals lie' end
    || ' after ' || records.records_end_on || ', where the records end, the latest '
    || 'on ' || records.latest_on || case
        when calendar.as_of_on = records.records_end_on
            then ': the plan is made as of ' || records.records_end_on || ' and leaves them out'
        else ''
    end || '; correct them, or state company.as_of' as sentence
from {{ ref('int_company__records_end') }} as records
cross join {{ ref('plan_calendar') }} as calendar
cross join {{ ref('stg_policy__company_settings') }} as settings
where records.stray_count > 0 and settings.stated_as_of_on is null
