-- Does the strength model predict deals it has not seen better than simpler ones do? All are fitted on
-- the deals before the guard's cutoff and judged on the later ones. Intervals of the difference take
-- the deals of one rep to stand or fall together.
with

predictions as (select * from {{ ref('int_strength__predictions') }}),

scored as (
    select
        model as part,
        deals,
        wins,
        0.0 as lp,
        ln(p / (1 - p)) as x
    from predictions
),

{{ fit_slope('scored') }},

-- Mann and Whitney's statistic over distinct probabilities; ties count half.
by_p as (
    select
        model,
        p,
        sum(wins) as wins,
        sum(deals - wins) as losses
    from predictions
    group by model, p
),

ordered as (
    select
        by_p.*,
        sum(losses) over (partition by model order by p rows between unbounded preceding and current row) - losses
            as losses_below
    from by_p
),

ranked as (
    select
        model,
        sum(wins * (losses_below + losses / 2.0)) / nullif(sum(wins) * sum(losses), 0) as auc
    from ordered
    group by model
),

binned as (
    select
        model,
        sum(abs(won_sum - predicted_sum)) / sum(deals) as calibration_error
    from (
        select
            model,
            least(9, floor(p * 10)) as bin,
            sum(wins) as won_sum,
            sum(deals * p) as predicted_sum,
            sum(deals) as deals
        from predictions
        group by model, least(9, floor(p * 10))
    ) as bins
    group by model
),

scores as (
    select
        model,
        sum(deals) as deals,
        -sum(wins * ln(p) + (deals - wins) * ln(1 - p)) / sum(deals) as log_loss,
        sum(wins * (1 - p) * (1 - p) + (deals - wins) * p * p) / sum(deals) as brier_score,
        sum(deals * p) / sum(deals) as predicted_win_rate,
        sum(wins) / sum(deals) as observed_win_rate
    from predictions
    group by model
),

by_rep as (
    select
        model,
        rep_id,
        sum(deals) as deals,
        -sum(wins * ln(p) + (deals - wins) * ln(1 - p)) as loss
    from predictions
    group by model, rep_id
),

compared as (
    select
        theirs.model,
        sum(theirs.loss - ours.loss) / sum(ours.deals) as gain,
        sum(ours.deals) as deals
    from by_rep as theirs
    inner join by_rep as ours on theirs.rep_id = ours.rep_id and ours.model = 'strength'
    group by theirs.model
),

spread as (
    select
        theirs.model,
        sqrt(sum((theirs.loss - ours.loss - ours.deals * compared.gain)
            * (theirs.loss - ours.loss - ours.deals * compared.gain))) / max(compared.deals) as gain_se
    from by_rep as theirs
    inner join by_rep as ours on theirs.rep_id = ours.rep_id and ours.model = 'strength'
    inner join compared on theirs.model = compared.model
    group by theirs.model
)

select
    scores.model,
    cast(scores.deals as bigint) as deal_count,
    scores.log_loss,
    scores.brier_score,
    ranked.auc,
    slopes.slope as calibration_slope,
    binned.calibration_error,
    scores.predicted_win_rate,
    cast(scores.observed_win_rate as double precision) as observed_win_rate,
    case when scores.model <> 'strength' then compared.gain end as strength_gain,
    case when scores.model <> 'strength' then compared.gain - 1.645 * spread.gain_se end as strength_gain_lower,
    case when scores.model <> 'strength' then compared.gain + 1.645 * spread.gain_se end as strength_gain_upper
from scores
left join slopes on scores.model = slopes.part
left join ranked on scores.model = ranked.model
left join binned on scores.model = binned.model
left join compared on scores.model = compared.model
left join spread on scores.model = spread.model
