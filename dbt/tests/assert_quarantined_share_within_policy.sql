-- Too much of a table is in quarantine to plan on the rest. Mend the records at the source, or raise
-- gates.max_quarantine_rate in the company file if the share is normal for this company.
select
    summary.table_name,
    sum(summary.row_rate) as quarantined_rate,
    max(calendar.max_quarantine_rate) as max_quarantine_rate
from {{ ref('quarantine_summary') }} as summary
cross join {{ ref('int_company__calendar') }} as calendar
group by summary.table_name
having sum(summary.row_rate) > max(calendar.max_quarantine_rate)
