{% set tables = {
    'accounts': 'base_crm__accounts', 'opportunities': 'base_crm__opportunities', 'products': 'base_crm__products',
    'activities': 'base_crm__activities', 'employees': 'base_hr__employees', 'certifications': 'base_hr__certifications',
    'absences': 'base_hr__absences', 'quotas': 'base_hr__quotas', 'stage_changes': 'base_crm__stage_changes',
} %}

with

reasons as (
    {% for table, relation in tables.items() -%}
    select
        '{{ table }}' as table_name,
        quarantine_reason,
        count(*) as row_count,
        min(_row) as first_row
    from {{ ref(relation) }}
    group by 2
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

totals as (
    select
        table_name,
        sum(row_count) as total_count
    from reasons
    group by 1
)

select
    reasons.table_name,
    reasons.quarantine_reason as reason,
    cast(reasons.row_count as bigint) as row_count,
    cast(totals.total_count as bigint) as total_count,
    cast(reasons.row_count as double precision) / totals.total_count as row_rate,
    cast(reasons.first_row as bigint) as first_row
from reasons
inner join totals on reasons.table_name = totals.table_name
where reasons.quarantine_reason is not null
