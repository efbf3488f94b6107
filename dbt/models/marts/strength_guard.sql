-- Going forward, do the advantages hold in this company? On deals after the cutoff:
-- y ~ sigmoid(a + lp_segment + slope * advantage), six Newton steps, errors from the Hessian.
-- Where all advantages are alike the slope has no meaning: the determinant is then rounding noise
-- and counts as missing, so that the guard stays off.
with

holdout as (
    select *
    from {{ ref('int_strength__cells') }}
    where sample = 'holdout'
),

scored {{ as_materialized() }} (
    select
        holdout.deals,
        holdout.wins,
        {{ segment_lp() }} as lp,
        {{ advantage() }} as advantage
    from holdout
    {{ strength_joins(ref('int_strength__train_effects'), 'holdout') }}
    where base.is_estimable
),

fit_0 as (select cast(0.0 as double precision) as a, cast(0.0 as double precision) as slope),

{% for step in range(6) %}
sums_{{ step + 1 }} {{ as_materialized() }} (
    select
        max(fit.a) as a,
        max(fit.slope) as slope,
        sum(scored.wins - scored.deals * {{ sigmoid('fit.a + scored.lp + fit.slope * scored.advantage') }}) as g_a,
        sum(scored.advantage * (scored.wins - scored.deals * {{ sigmoid('fit.a + scored.lp + fit.slope * scored.advantage') }})) as g_l,
        sum(scored.deals * {{ sigmoid('fit.a + scored.lp + fit.slope * scored.advantage') }}
            * (1 - {{ sigmoid('fit.a + scored.lp + fit.slope * scored.advantage') }})) as h_aa,
        sum(scored.deals * scored.advantage * {{ sigmoid('fit.a + scored.lp + fit.slope * scored.advantage') }}
            * (1 - {{ sigmoid('fit.a + scored.lp + fit.slope * scored.advantage') }})) as h_al,
        sum(scored.deals * scored.advantage * scored.advantage * {{ sigmoid('fit.a + scored.lp + fit.slope * scored.advantage') }}
            * (1 - {{ sigmoid('fit.a + scored.lp + fit.slope * scored.advantage') }})) as h_ll
    from scored
    cross join fit_{{ step }} as fit
),

fit_{{ step + 1 }} {{ as_materialized() }} (
    select
        a + (h_ll * g_a - h_al * g_l) / {{ determinant('h_aa', 'h_al', 'h_ll') }} as a,
        slope + (h_aa * g_l - h_al * g_a) / {{ determinant('h_aa', 'h_al', 'h_ll') }} as slope
    from sums_{{ step + 1 }}
),

{% endfor %}
result as (
    select
        fit.slope,
        sqrt(sums.h_aa / {{ determinant('sums.h_aa', 'sums.h_al', 'sums.h_ll') }}) as slope_se
    from fit_6 as fit
    cross join sums_6 as sums
),

counts as (
    select
        coalesce(sum(case when sample = 'all' then deals end), 0) as deals,
        coalesce(sum(case when sample = 'all' then wins end), 0) as wins,
        coalesce(sum(case when sample = 'train' then deals end), 0) as train_deals,
        coalesce(sum(case when sample = 'holdout' then deals end), 0) as holdout_deals
    from {{ ref('int_strength__cells') }}
),

judged as (
    select
        counts.*,
        result.slope,
        result.slope_se,
        coalesce(result.slope - 1.645 * result.slope_se > 0, false) as is_on,
        case
            when counts.wins = counts.deals or counts.wins = 0 then 'not_estimable'
            when result.slope is null or result.slope_se is null then 'none'
            when result.slope - 1.645 * result.slope_se > 0 then 'holds'
            else 'none'
        end as signal
    from counts
    cross join result
)

select
    signal,
    is_on,
    slope,
    slope_se,
    slope - 1.645 * slope_se as slope_lower,
    case when is_on then least(1.0, greatest(0.0, slope)) else 0.0 end as multiplier,
    cast(train_deals as bigint) as train_deal_count,
    cast(holdout_deals as bigint) as holdout_deal_count,
    case
        when signal = 'holds' then 'Strengths found in earlier deals came true in later ones; they count in the plan.'
        when signal = 'not_estimable'
            then 'Only one outcome among the closed deals: win strengths cannot be estimated, and none is claimed.'
        when slope is null
            then 'No strength was found in earlier deals, or there are too few deals to test; the plan claims none.'
        else 'Strengths found in earlier deals did not come true in later ones; the plan claims none.'
    end as reason
from judged
