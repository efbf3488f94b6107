{#- Small formulas used by several models. -#}

{#- First day of a date's month, as a date. -#}
{% macro month_start(date) -%}
    cast({{ dbt.date_trunc('month', date) }} as date)
{%- endmacro %}

{#- A probability after adding to its log-odds. -#}
{% macro shift_odds(p, shift) -%}
    ({{ p }} * exp({{ shift }}) / (1 - {{ p }} + {{ p }} * exp({{ shift }})))
{%- endmacro %}
