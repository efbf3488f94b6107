-- How fast do old deals lose their meaning here? Of {none, 730, 365, 180} days the longest half-life is
-- taken whose log loss on the validation quarter is within one standard error of the best one's; the
-- error is that of the difference deal by deal, since all are judged on the same deals. Where there is
-- too little to tell, 365.
with

scored as (
    select
        cells.sample,
        cells.rep_id,
        cells.industry,
        cells.geography,
        cells.size_band,
        cells.product,
        cells.group_id,
        cells.account_key,
        cells.deals,
        cells.outcomes as wins,
        -ln({{ sigmoid('base.effect + ' ~ sum_effects(segment_terms() + advantage_terms())) }}) as loss_of_win,
        -ln(1 - {{ sigmoid('base.effect + ' ~ sum_effects(segment_terms() + advantage_terms())) }}) as loss_of_loss
    from {{ ref('int_strength__tuning_cells') }} as cells
    {{ effect_joins(ref('int_strength__tuning_effects'), 'cells', 'cells.sample', win_terms()) }}
    where not cells.is_training and base.is_estimable
),

losses as (
    select
        sample,
        sum(deals) as deals,
        sum(wins) as wins,
        sum(wins * loss_of_win + (deals - wins) * loss_of_loss) / sum(deals) as log_loss
    from scored
    group by sample
),

ranked as (
    select
        losses.*,
        row_number() over (order by log_loss, sample) as place
    from losses
),

compared as (
    select
        mine.sample,
        sum(mine.wins * (mine.loss_of_win - best.loss_of_win)
            + (mine.deals - mine.wins) * (mine.loss_of_loss - best.loss_of_loss)) / sum(mine.deals) as excess,
        sum(mine.wins * (mine.loss_of_win - best.loss_of_win) * (mine.loss_of_win - best.loss_of_win)
            + (mine.deals - mine.wins) * (mine.loss_of_loss - best.loss_of_loss)
            * (mine.loss_of_loss - best.loss_of_loss)) / sum(mine.deals) as squared_excess,
        sum(mine.deals) as deals
    from scored as mine
    inner join ranked on ranked.place = 1
    inner join scored as best
        on ranked.sample = best.sample
        and mine.rep_id = best.rep_id
        and mine.industry = best.industry
        and mine.geography = best.geography
        and mine.size_band = best.size_band
        and mine.product = best.product
        and mine.group_id = best.group_id
        and mine.account_key = best.account_key
    group by mine.sample
),

half_lives as (
    {{ half_life_rows() }}
),

judged as (
    select
        half_lives.half_life_days,
        coalesce(ranked.deals, 0) as validation_deals,
        ranked.log_loss,
        compared.excess,
        sqrt(greatest(0.0, compared.squared_excess - compared.excess * compared.excess) / compared.deals) as excess_se,
        coalesce(
            ranked.deals >= {{ var('strength_fewest_validation_deals') }}
            and ranked.wins > 0 and ranked.wins < ranked.deals
            and compared.excess <= sqrt(
                greatest(0.0, compared.squared_excess - compared.excess * compared.excess) / compared.deals
            ),
            false
        ) as is_as_good_as_the_best
    from half_lives
    left join ranked on half_lives.sample = ranked.sample
    left join compared on half_lives.sample = compared.sample
),

-- None (0) is the longest of all.
ordered as (
    select
        judged.*,
        row_number() over (
            order by
                case when is_as_good_as_the_best then 0 else 1 end,
                case when half_life_days = 0 then 1000000 else half_life_days end desc
        ) as place,
        max(case when is_as_good_as_the_best then 1 else 0 end) over () = 1 as is_tuned
    from judged
)

select
    half_life_days,
    validation_deals,
    log_loss,
    excess,
    excess_se,
    is_tuned,
    case when is_tuned then place = 1 else half_life_days = 365 end as is_chosen
from ordered
