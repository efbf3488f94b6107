{% set tables = {
    'accounts': 'base_crm__accounts', 'opportunities': 'base_crm__opportunities', 'products': 'base_crm__products',
    'activities': 'base_crm__activities', 'employees': 'base_hr__employees', 'certifications': 'base_hr__certifications',
    'absences': 'base_hr__absences', 'quotas': 'base_hr__quotas', 'stage_changes': 'base_crm__stage_changes',
} %}

with

noted as (
    {% for table, relation in tables.items() -%}
    select
        '{{ table }}' as table_name,
        case
            when _issues is null then _fixes
            when _fixes is null then 'a cell could not be read, left empty'
            else _fixes || '; a cell could not be read, left empty'
        end as fix,
        _row
    from {{ ref(relation) }}
    where quarantine_reason is null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

counted as (
    select
        table_name,
        fix,
        count(*) as row_count,
        min(_row) as first_row
    from noted
    group by 1, 2
),

totals as (
    select
        table_name,
        sum(row_count) as total_count
    from counted
    group by 1
)

select
    counted.table_name,
    counted.fix,
    cast(counted.row_count as bigint) as row_count,
    cast(totals.total_count as bigint) as total_count,
    cast(counted.row_count as double precision) / totals.total_count as row_rate,
    cast(counted.first_row as bigint) as first_row
from counted
inner join totals on counted.table_name = totals.table_name
where counted.fix is not null
