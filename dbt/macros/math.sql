{#- Small formulas used by several models. -#}

{#- Logistic function, safe for large |x|: the argument is clipped where the result is 0 or 1 to
    double precision anyway. -#}
{% macro sigmoid(x) -%}
    (1.0 / (1.0 + exp(-greatest(-35.0, least(35.0, {{ x }})))))
{%- endmacro %}

{#- Standard normal distribution function; Zelen & Severo (1964), Abramowitz & Stegun 26.2.17,
    absolute error below 7.5e-8. -#}
{% macro normal_cdf(x) -%}
    (case when ({{ x }}) >= 0 then 1 - {{ _normal_tail(x) }} else {{ _normal_tail(x) }} end)
{%- endmacro %}

{% macro _normal_tail(x) -%}
    {%- set t -%} (1.0 / (1.0 + 0.2316419 * abs({{ x }}))) {%- endset -%}
    (0.3989422804014327 * exp(-0.5 * ({{ x }}) * ({{ x }})) * {{ t }} * (0.319381530 + {{ t }} * (-0.356563782
        + {{ t }} * (1.781477937 + {{ t }} * (-1.821255978 + {{ t }} * 1.330274429)))))
{%- endmacro %}

{#- Determinant of a symmetric 2 x 2 matrix; null where it is nothing but rounding. -#}
{% macro determinant(aa, ab, bb) -%}
    (case when {{ aa }} * {{ bb }} - {{ ab }} * {{ ab }} > 1e-9 * {{ aa }} * {{ bb }}
        then {{ aa }} * {{ bb }} - {{ ab }} * {{ ab }} end)
{%- endmacro %}

{#- First day of a date's month, as a date. -#}
{% macro month_start(date) -%}
    cast({{ dbt.date_trunc('month', date) }} as date)
{%- endmacro %}

{#- A probability after adding to its log-odds. -#}
{% macro shift_odds(p, shift) -%}
    ({{ p }} * exp({{ shift }}) / (1 - {{ p }} + {{ p }} * exp({{ shift }})))
{%- endmacro %}
