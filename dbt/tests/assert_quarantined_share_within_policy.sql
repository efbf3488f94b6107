select
    summary.table_name,
    sum(summary.row_rate) as quarantined_rate,
    max(settings.max_quarantine_rate) as max_quarantine_rate
from {{ ref('quarantine_summary') }} as summary
cross join {{ ref('stg_policy__company_settings') }} as settings
where settings.stated_as_of_on is null or summary.reason not in ('created_in_future', 'closed_in_future')
group by summary.table_name
having sum(summary.row_rate) > max(settings.max_quarantine_rate)
