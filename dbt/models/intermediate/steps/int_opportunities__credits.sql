-- Who is credited with a deal, and with what of its amount: by the shares agreed, else its rep.
select
    deals.opportunity_id,
    deals.revenue_type,
    deals.is_closed,
    deals.is_won,
    deals.closed_on,
    deals.cycle_days,
    coalesce(splits.rep_id, deals.rep_id) as rep_id,
    case
        when splits.rep_id is null then deals.group_id
        else coalesce(employees.group_id, '(unknown)')
    end as group_id,
    deals.amount * coalesce(splits.share, 1) as amount
from {{ ref('int_opportunities__profiled') }} as deals
left join {{ ref('stg_crm__splits') }} as splits on deals.opportunity_id = splits.opportunity_id
left join {{ ref('stg_hr__employees') }} as employees on splits.rep_id = employees.rep_id
