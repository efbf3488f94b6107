{#- Small formulas used by several models. -#}

{#- First day of a date's month, as a date. -#}
{% macro month_start(date) -%}
    cast({{ dbt.date_trunc('month', date) }} as date)
{%- endmacro %}

{#- A probability after adding to its log-odds. -#}
{% macro shift_odds(p, shift) -%}
    ({{ p }} * exp({{ shift }}) / (1 - {{ p }} + {{ p }} * exp({{ shift }})))
{%- endmacro %}

{#- Accounts of one industry, region and size band are of one kind: strengths are measured by it. -#}
{% macro profile_id(industry, region, size_band) -%}
    ({{ industry }} || ' / ' || {{ region }} || ' / ' || {{ size_band }})
{%- endmacro %}
