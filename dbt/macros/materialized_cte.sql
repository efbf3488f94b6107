{#- `as materialized` where the engine knows it: a chain of dependent CTEs is otherwise inlined and
    evaluated again for every use. -#}
{% macro as_materialized() -%} {{ return(adapter.dispatch('as_materialized')()) }} {%- endmacro %}
{% macro default__as_materialized() -%} as materialized {%- endmacro %}
{% macro spark__as_materialized() -%} as {%- endmacro %}
