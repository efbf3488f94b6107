{% macro landed_rows() %}
{#- Every row that landed, of all tables: its place, why it was set aside, what was noted of it, its money. -#}
{%- set tables = {
    'accounts': 'base_crm__accounts', 'opportunities': 'base_crm__opportunities', 'products': 'base_crm__products',
    'activities': 'base_crm__activities', 'employees': 'base_hr__employees',
    'certifications': 'base_hr__certifications', 'absences': 'base_hr__absences', 'quotas': 'base_hr__quotas',
    'stage_changes': 'base_crm__stage_changes', 'splits': 'base_crm__splits', 'exchange_rates': 'base_crm__exchange_rates',
} -%}
{#- Money of a row: what a deal is worth, what a quota asks for. -#}
{%- set amounts = {'opportunities': 'amount', 'quotas': 'amount'} -%}
{%- for table, relation in tables.items() %}
    select
        '{{ table }}' as table_name,
        _row,
        quarantine_reason,
        _issues,
        _fixes,
        {{ amounts.get(table, 'cast(null as double precision)') }} as amount
    from {{ ref(relation) }}
    {{- '\n    union all' if not loop.last }}
{%- endfor %}
{% endmacro %}
