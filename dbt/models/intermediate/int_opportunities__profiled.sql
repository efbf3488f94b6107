-- Each opportunity known at as_of with the facts a strength may depend on. The list of features is
-- closed: nothing of the HR file but the group enters it.
with

opportunities as (select * from {{ ref('stg_crm__opportunities') }}),

calendar as (select as_of_on from {{ ref('int_company__calendar') }}),

accounts as (select * from {{ ref('int_accounts__segmented') }}),

employees as (select * from {{ ref('stg_hr__employees') }}),

-- A shared deal shows what the rep with the largest share can do; of equal ones, its own rep.
ranked as (
    select
        splits.opportunity_id,
        splits.rep_id,
        row_number() over (
            partition by splits.opportunity_id
            order by
                splits.share desc,
                (splits.rep_id = opportunities.rep_id) desc,
                splits.rep_id asc
        ) as place
    from {{ ref('stg_crm__splits') }} as splits
    inner join opportunities on splits.opportunity_id = opportunities.opportunity_id
),

leaders as (select opportunity_id, rep_id from ranked where place = 1),

first_wins as (
    select
        account_id,
        min(closed_on) as won_on
    from opportunities
    where is_won
    group by account_id
)

select
    opportunities.opportunity_id,
    opportunities.account_id,
    coalesce(leaders.rep_id, opportunities.rep_id) as rep_id,
    -- Where the source does not say, a deal begun after the account's first win is existing
    -- business.
    coalesce(
        opportunities.revenue_type,
        case when opportunities.created_on > first_wins.won_on then 'existing' else 'new' end
    ) as revenue_type,
    opportunities.stage,
    opportunities.is_closed,
    opportunities.is_won,
    opportunities.amount,
    -- What it counts as where accounts and kinds of deals are compared.
    coalesce(unusual.usual_amount, opportunities.amount) as usual_amount,
    unusual.opportunity_id is not null as is_unusual,
    opportunities.created_on,
    opportunities.closed_on,
    accounts.industry,
    accounts.region,
    accounts.size_band,
    accounts.lifecycle,
    accounts.segment_id,
    coalesce(opportunities.product_id, '(unknown)') as product,
    coalesce(employees.group_id, '(unknown)') as group_id,
    case
        when not opportunities.is_back_dated
            then {{ dbt.datediff('opportunities.created_on', 'opportunities.closed_on', 'day') }}
    end as cycle_days,
    {{ dbt.datediff('opportunities.closed_on', 'calendar.as_of_on', 'day') }}
        as age_days
from opportunities
cross join calendar
inner join accounts on opportunities.account_id = accounts.account_id
left join leaders on opportunities.opportunity_id = leaders.opportunity_id
left join employees on coalesce(leaders.rep_id, opportunities.rep_id) = employees.rep_id
left join {{ ref('int_opportunities__unusual') }} as unusual
    on opportunities.opportunity_id = unusual.opportunity_id
left join first_wins on opportunities.account_id = first_wins.account_id
where
    opportunities.created_on <= calendar.as_of_on
    and (opportunities.closed_on is null or opportunities.closed_on <= calendar.as_of_on)
