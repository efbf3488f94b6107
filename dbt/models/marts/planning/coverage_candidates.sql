-- What each pair the optimiser may choose from is worth, in parts that add up, and why it may not be.
with

economics as (
    select
        *,
        -- Of a rep who is like any other exactly 1, not the rounding of a mean.
        case
            when new_booking_factor = existing_booking_factor or new_amount + existing_amount = 0
                then new_booking_factor
            else (new_amount * new_booking_factor + existing_amount * existing_booking_factor)
                / (new_amount + existing_amount)
        end as booking_factor
    from {{ ref('coverage_candidates__economics') }}
),

notes as (select * from {{ ref('coverage_candidates__notes') }}),

valued as (
    select
        account_id,
        rep_id,
        profile_id,
        is_present,
        hours,
        similarity,
        forbidden_reason,
        certificate_loss_rate * greatest(amount * margin_rate, 0.0) as soft_rule_amount,
        win_rate,
        -- What the coverer is counted on to win; nobody wins nothing.
        case
            when coverer_type = 'house' then 0.0
            when is_strength_used then new_amount * new_booking_factor
            else new_amount
        end as new_amount,
        case
            when coverer_type = 'house' then 0.0
            when is_strength_used then existing_amount * existing_booking_factor
            else existing_amount
        end as existing_amount,
        case when coverer_type = 'house' then 0.0 else amount * margin_rate end as segment_value_amount,
        case
            -- Exactly nothing where no strength counts, not the rounding of two equal sums.
            when coverer_type = 'rep' and is_strength_used
                then amount * (booking_factor * rep_margin_rate - margin_rate)
            else 0.0
        end as strength_value_amount,
        case
            when coverer_type = 'partner' then greatest(amount * margin_rate, 0.0) * margin_share
            else hours * cost_per_hour * horizon_years
        end as cost_to_serve_amount,
        case
            when coverer_type = 'house' then uncovered_loss_rate * greatest(existing_contribution_amount, 0.0)
            when is_present or not has_present or is_stale then 0.0
            -- Schmitz et al. measured 13-18 % of a customer's yearly sales lost after a change of
            -- rep, less where the successor's experience is alike.
            else disruption_rate * greatest(existing_contribution_amount, 0.0) * (1 - similarity)
        end as disruption_amount,
        -- Of rate, value and strength; delta method: d(ln win rate) = (1 - p) d(advantage).
        case
            when coverer_type = 'house' then 0.0
            else abs(amount * booking_factor * rep_margin_rate) * sqrt(
                coalesce(account_cv2, 0.0)
                + coalesce(creation_sd * creation_sd, 0.0)
                + (1 - win_rate) * (1 - win_rate) * coalesce(advantage_sd * advantage_sd, 0.0)
            )
        end as value_sd_amount
    from economics
)

select
    valued.account_id,
    valued.rep_id,
    valued.is_present,
    cast(hours as double precision) as hours,
    cast(segment_value_amount as double precision) as segment_value_amount,
    cast(strength_value_amount as double precision) as strength_value_amount,
    cast(cost_to_serve_amount as double precision) as cost_to_serve_amount,
    cast(disruption_amount as double precision) as disruption_amount,
    cast(soft_rule_amount as double precision) as soft_rule_amount,
    cast(
        segment_value_amount + strength_value_amount - cost_to_serve_amount - disruption_amount - soft_rule_amount
        as double precision
    ) as value_amount,
    cast(value_sd_amount as double precision) as value_sd_amount,
    cast(new_amount as double precision) as new_amount,
    cast(existing_amount as double precision) as existing_amount,
    cast(win_rate as double precision) as win_rate,
    cast(similarity as double precision) as similarity,
    forbidden_reason,
    notes.note as strength_note
from valued
left join notes
    on valued.rep_id = notes.rep_id
    and valued.profile_id = notes.profile_id
    and ((valued.strength_value_amount > 0 and notes.is_strength) or (valued.strength_value_amount < 0 and not notes.is_strength))
