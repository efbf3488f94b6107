{#-
    CTEs that fit y ~ sigmoid(a + lp + slope * x) by six Newton steps, the standard error of the slope
    from the Hessian; one fit for each value of `part`.

    scored  name of an earlier CTE with (part, deals, wins, lp, x)

    Leaves the CTE `slopes` (part, intercept, slope, slope_se). Where all x are alike the slope has no
    meaning: the determinant is then rounding noise and counts as missing, and so does the slope.
-#}
{% macro fit_slope(scored) %}
{%- set p = sigmoid('fit.a + scored.lp + fit.slope * scored.x') -%}
fit_0 as (
    select distinct
        part,
        cast(0.0 as double precision) as a,
        cast(0.0 as double precision) as slope
    from {{ scored }}
),

{% for step in range(6) %}
sums_{{ step + 1 }} {{ as_materialized() }} (
    select
        scored.part,
        max(fit.a) as a,
        max(fit.slope) as slope,
        sum(scored.wins - scored.deals * {{ p }}) as g_a,
        sum(scored.x * (scored.wins - scored.deals * {{ p }})) as g_l,
        sum(scored.deals * {{ p }} * (1 - {{ p }})) as h_aa,
        sum(scored.deals * scored.x * {{ p }} * (1 - {{ p }})) as h_al,
        sum(scored.deals * scored.x * scored.x * {{ p }} * (1 - {{ p }})) as h_ll
    from {{ scored }} as scored
    inner join fit_{{ step }} as fit on scored.part = fit.part
    group by scored.part
),

fit_{{ step + 1 }} {{ as_materialized() }} (
    select
        part,
        a + (h_ll * g_a - h_al * g_l) / {{ determinant('h_aa', 'h_al', 'h_ll') }} as a,
        slope + (h_aa * g_l - h_al * g_a) / {{ determinant('h_aa', 'h_al', 'h_ll') }} as slope
    from sums_{{ step + 1 }}
),

{% endfor %}
slopes as (
    select
        fit.part,
        fit.a as intercept,
        fit.slope,
        sqrt(sums.h_aa / {{ determinant('sums.h_aa', 'sums.h_al', 'sums.h_ll') }}) as slope_se
    from fit_6 as fit
    inner join sums_6 as sums on fit.part = sums.part
)
{%- endmacro %}
