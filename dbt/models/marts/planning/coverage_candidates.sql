-- What each pair the optimiser may choose from is worth, in parts that add up, and why it may not
-- be.
with

economics as (select * from {{ ref('coverage_candidates__economics') }}),

notes as (select * from {{ ref('coverage_candidates__notes') }}),

-- What the coverer is counted on to win a year, before what a change of coverer and a missing
-- certificate cost; of nobody, what existing customers go on ordering.
counted as (
    select
        *,
        case when is_strength_used then new_booking_factor else 1.0 end as new_factor,
        case when is_strength_used then existing_booking_factor else 1.0 end as existing_factor,
        case
            when coverer_type = 'house' or is_present or not has_present or is_stale then 0.0
            -- Schmitz et al. measured 13-18 % of a customer's yearly sales lost after a change of
            -- rep, less where the successor's experience is alike.
            else disruption_rate * (1 - similarity)
        end as existing_loss_rate,
        case when coverer_type = 'house' or is_present then 0.0 else delayed_rate end
            as new_loss_rate
    from economics
),

valued as (
    select
        *,
        case when coverer_type = 'house' then 0.0 else new_amount * new_factor end as new_before,
        existing_amount
        * case when coverer_type = 'house' then 1 - uncovered_loss_rate else existing_factor end
            as existing_before,
        case
            when coverer_type = 'rep' and is_strength_used then rep_margin_rate else margin_rate
        end
            as won_margin_rate
    from counted
),

priced as (
    select
        *,
        (
            case
                when coverer_type = 'house' then existing_before else new_amount + existing_amount
            end
        ) * margin_rate * horizon_years as segment_value_amount,
        case
            -- Exactly nothing where no strength counts, not the rounding of two equal sums.
            when coverer_type = 'rep' and is_strength_used
                then (
                    (new_before + existing_before) * won_margin_rate
                    - (new_amount + existing_amount) * margin_rate
                )
                * horizon_years
            else 0.0
        end as strength_value_amount,
        -- The new business is lost in the first months, the existing over the year.
        greatest(
            (new_before * new_loss_rate + existing_before * existing_loss_rate * horizon_years)
            * won_margin_rate,
            0.0
        ) as disruption_amount,
        certificate_loss_rate * greatest(
            (new_before * (1 - new_loss_rate) + existing_before * (1 - existing_loss_rate))
            * won_margin_rate,
            0.0
        ) * horizon_years as soft_rule_amount,
        -- A rep's pay is spent whoever the rep covers: an hour costs what it could earn elsewhere,
        -- which is the price of the limit on hours, and no more.
        case
            when coverer_type = 'partner'
                then greatest((new_amount + existing_amount) * margin_rate, 0.0)
                    * margin_share
                    * horizon_years
            else 0.0
        end as cost_to_serve_amount,
        abs((new_before + existing_before) * won_margin_rate) * horizon_years as won_margin_amount,
        case
            when coverer_type = 'rep'
                then sqrt(
                        (1 - win_rate) * (1 - win_rate) * coalesce(advantage_sd * advantage_sd, 0.0)
                        + coalesce(creation_sd * creation_sd, 0.0)
                    )
            else 0.0
        end as strength_cv
    from valued
)

select
    priced.account_id,
    priced.rep_id,
    priced.is_present,
    cast(priced.hours as double precision) as hours,
    cast(priced.segment_value_amount as double precision) as segment_value_amount,
    cast(priced.strength_value_amount as double precision) as strength_value_amount,
    cast(priced.cost_to_serve_amount as double precision) as cost_to_serve_amount,
    cast(priced.disruption_amount as double precision) as disruption_amount,
    cast(priced.soft_rule_amount as double precision) as soft_rule_amount,
    cast(
        priced.segment_value_amount
        + priced.strength_value_amount
        - priced.cost_to_serve_amount
        - priced.disruption_amount
        - priced.soft_rule_amount
        as double precision
    ) as value_amount,
    -- Of rate, value and strength; delta method: d(ln win rate) = (1 - p) d(advantage).
    cast(
        priced.won_margin_amount
        * sqrt(coalesce(priced.account_cv2, 0.0) + priced.strength_cv * priced.strength_cv)
        as double precision
    ) as value_sd_amount,
    cast(priced.won_margin_amount * priced.strength_cv as double precision) as strength_sd_amount,
    cast(priced.new_before * (1 - priced.certificate_loss_rate) as double precision) as new_amount,
    cast(
        priced.existing_before
        * (1 - priced.existing_loss_rate)
        * (1 - priced.certificate_loss_rate) as double precision
    ) as existing_amount,
    cast(priced.win_rate as double precision) as win_rate,
    cast(priced.similarity as double precision) as similarity,
    priced.forbidden_reason,
    notes.note as strength_note
from priced
left join notes
    on priced.rep_id = notes.rep_id
    and priced.profile_id = notes.profile_id
    and (
        (priced.strength_value_amount > 0 and notes.is_strength)
        or (priced.strength_value_amount < 0 and not notes.is_strength)
    )
