-- Going forward, do the advantages hold in this company? Effects are fitted on the deals before the
-- cutoff; on the later ones y ~ sigmoid(a + lp_segment + slope * advantage), advantage being the group's
-- and the rep's part. Where the lower end of the slope's interval is not above zero, no strength counts.
-- The same question for values: ln(amount) - segment ~ a + slope * rep effect, by least squares.
with

win_cells as (
    select
        '(all)' as part,
        cells.deals,
        cells.outcomes as wins,
        base.effect + {{ sum_effects(segment_terms()) }} as lp,
        {{ sum_effects(advantage_terms()) }} as x
    from {{ ref('int_strength__cells') }} as cells
    {{ effect_joins(ref('int_strength__effects'), 'cells', 'cells.sample', win_terms()) }}
    where cells.sample = 'train' and not cells.is_training and base.is_estimable
),

{{ fit_slope('win_cells') }},

value_cells as (
    select
        cells.deals,
        cells.outcomes - cells.deals * (base.effect + {{ sum_effects(value_segment_terms()) }}) as residual_sum,
        cells.outcome_squares
        - 2 * (base.effect + {{ sum_effects(value_segment_terms()) }}) * cells.outcomes
        + cells.deals * (base.effect + {{ sum_effects(value_segment_terms()) }})
        * (base.effect + {{ sum_effects(value_segment_terms()) }}) as residual_squares,
        {{ sum_effects(['rep']) }} as x
    from {{ ref('int_values__cells') }} as cells
    {{ effect_joins(ref('int_values__effects'), 'cells', 'cells.sample', value_terms()) }}
    where cells.sample = 'train' and not cells.is_training and base.is_estimable
),

value_sums as (
    select
        sum(deals) as n,
        sum(deals * x) as x,
        sum(deals * x * x) as xx,
        sum(residual_sum) as y,
        sum(x * residual_sum) as xy,
        sum(residual_squares) as yy
    from value_cells
),

value_slope as (
    select
        n,
        (xy - x * y / n) / nullif(spread, 0) as slope,
        yy - y * y / n as y_spread,
        spread
    from (
        select
            value_sums.*,
            case when n > 2 and xx - x * x / n > 1e-9 * xx then xx - x * x / n end as spread
        from value_sums
    ) as summed
),

value_result as (
    select
        slope,
        sqrt(greatest(0.0, y_spread - slope * slope * spread) / (n - 2) / spread) as slope_se
    from value_slope
),

counts as (
    select
        coalesce(sum(case when sample = 'all' then deals end), 0) as deals,
        coalesce(sum(case when sample = 'all' then outcomes end), 0) as wins,
        coalesce(sum(case when sample = 'train' and is_training then deals end), 0) as train_deals,
        coalesce(sum(case when sample = 'train' and not is_training then deals end), 0) as holdout_deals
    from {{ ref('int_strength__cells') }}
),

half_life as (
    select
        half_life_days,
        is_tuned
    from {{ ref('int_strength__half_lives') }}
    where is_chosen
),

results as (
    select
        max(slope) as slope,
        max(slope_se) as slope_se
    from slopes
),

judged as (
    select
        counts.*,
        half_life.half_life_days,
        half_life.is_tuned,
        results.slope,
        results.slope_se,
        value_result.slope as value_slope,
        value_result.slope_se as value_slope_se,
        coalesce(results.slope - 1.645 * results.slope_se > 0, false) as is_on,
        coalesce(value_result.slope - 1.645 * value_result.slope_se > 0, false) as is_value_on,
        case
            when counts.wins = counts.deals or counts.wins = 0 then 'not_estimable'
            when results.slope is null or results.slope_se is null then 'none'
            when results.slope - 1.645 * results.slope_se > 0 then 'holds'
            else 'none'
        end as signal
    from counts
    cross join half_life
    cross join results
    cross join value_result
)

select
    signal,
    is_on,
    slope,
    slope_se,
    slope - 1.645 * slope_se as slope_lower,
    case when is_on then least(1.0, greatest(0.0, slope)) else 0.0 end as multiplier,
    is_value_on,
    value_slope,
    value_slope_se,
    value_slope - 1.645 * value_slope_se as value_slope_lower,
    case when is_value_on then least(1.0, greatest(0.0, value_slope)) else 0.0 end as value_multiplier,
    cast(case when half_life_days > 0 then half_life_days end as bigint) as half_life_days,
    is_tuned as is_half_life_tuned,
    cast(train_deals as bigint) as train_deal_count,
    cast(holdout_deals as bigint) as holdout_deal_count,
    case
        when signal = 'holds' then 'Strengths found in earlier deals came true in later ones; they count in the plan.'
        when deals = 0 then 'No closed deal yet: win strengths cannot be estimated, and none is claimed.'
        when signal = 'not_estimable' and wins = deals
            then 'Every closed deal on record is won, so nothing shows who wins more often: win strengths cannot be estimated, and none is claimed. To measure them, record lost deals too.'
        when signal = 'not_estimable'
            then 'No closed deal on record is won: win strengths cannot be estimated, and none is claimed.'
        when slope is null
            then 'No strength was found in earlier deals, or there are too few deals to test; the plan claims none.'
        else 'Strengths found in earlier deals did not come true in later ones; the plan claims none.'
    end as reason,
    case
        when is_value_on then 'Reps who won larger deals than their accounts and products explain went on doing so; deal values count per rep.'
        when value_slope is null then 'No difference between reps in the value of won deals was found, or there are too few to test; values follow the account and the product alone.'
        else 'Differences between reps in the value of won deals did not last; values follow the account and the product alone.'
    end as value_reason
from judged
