-- Chance that an open deal of new business is won in the 1st, 2nd, ... 13th month from now, by its
-- stage and age: discrete competing risks (Aalen & Johansen, 1978). Of the deals seen open at a
-- month's end and still undecided h - 1 months later, the share won, and lost, in month h; a deal
-- whose story ends today counts up to today. Each rate is shrunk to its stage's, that to the
-- company's, by 20 deals. Sample 'held_out' knows only what was known a year ago.
{% set pseudo_deals = 20.0 %}

with

samples as (
    {{ pipeline_samples() }}
),

observations as (
    {{ sampled_observations() }}
),

steps as (
    {% for i in range(pipeline_months()) -%}
    select {{ i + 1 }} as month_ahead {{ 'union all' if not loop.last }}
    {% endfor %}
),

counted as (
    select
        sample,
        stage,
        age_band,
        followed,
        decided_after,
        is_won,
        count(*) as deals
    from observations
    group by 1, 2, 3, 4, 5, 6
),

-- Cells seen open now or a year ago need a chance too, whether or not history knows them.
cells as (
    select distinct
        samples.sample,
        seen.stage,
        seen.age_band
    from {{ ref('int_pipeline__observations') }} as seen
    cross join samples
),

at_risk as (
    select
        cells.sample,
        cells.stage,
        cells.age_band,
        steps.month_ahead,
        coalesce(sum(counted.deals), 0) as deals,
        coalesce(sum(
            case
                when counted.decided_after = steps.month_ahead and counted.is_won
                    then counted.deals
            end
        ), 0)
            as won,
        coalesce(sum(
            case
                when counted.decided_after = steps.month_ahead and not counted.is_won
                    then counted.deals
            end
        ), 0)
            as lost
    from cells
    cross join steps
    left join counted
        on cells.sample = counted.sample
        and cells.stage = counted.stage
        and cells.age_band = counted.age_band
        and steps.month_ahead <= counted.followed
        and (counted.decided_after is null or steps.month_ahead <= counted.decided_after)
    group by 1, 2, 3, 4
),

summed as (
    select
        at_risk.*,
        sum(deals) over (partition by sample, month_ahead, stage) as stage_deals,
        sum(won) over (partition by sample, month_ahead, stage) as stage_won,
        sum(lost) over (partition by sample, month_ahead, stage) as stage_lost,
        coalesce(
            sum(won) over (partition by sample, month_ahead) * 1.0
            / nullif(sum(deals) over (partition by sample, month_ahead), 0),
            0.0
        ) as all_won_rate,
        coalesce(
            sum(lost) over (partition by sample, month_ahead) * 1.0
            / nullif(sum(deals) over (partition by sample, month_ahead), 0),
            0.0
        ) as all_lost_rate
    from at_risk
),

rated as (
    select
        sample,
        stage,
        age_band,
        month_ahead,
        (
            won + {{ pseudo_deals }} * (stage_won + {{ pseudo_deals }} * all_won_rate)
            / (stage_deals + {{ pseudo_deals }})
        ) / (deals + {{ pseudo_deals }}) as won_rate,
        (
            lost + {{ pseudo_deals }} * (stage_lost + {{ pseudo_deals }} * all_lost_rate)
            / (stage_deals + {{ pseudo_deals }})
        ) / (deals + {{ pseudo_deals }}) as lost_rate
    from summed
),

survived as (
    select
        rated.*,
        coalesce(exp(sum(ln(greatest(1 - won_rate - lost_rate, 1e-9))) over (
            partition by sample, stage, age_band
            order by month_ahead
            rows between unbounded preceding and 1 preceding
        )), 1.0) as undecided
    from rated
)

select
    sample,
    stage,
    age_band,
    month_ahead,
    undecided * won_rate as chance,
    sum(undecided * won_rate) over (
        partition by sample, stage, age_band
        order by month_ahead
        rows between unbounded preceding and current row
    ) as chance_so_far
from survived
