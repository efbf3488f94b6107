-- Hours of an account that nobody brings more to than its customers order by themselves are not
-- missing. A pair of a family counts where every member of it may be covered so.
select
    pairs.account_id,
    accounts.hours_per_year as hours
from {{ ref('stg_plan__coverage_pairs') }} as pairs
inner join {{ ref('stg_plan__coverage_assignments') }} as assignments
    on pairs.account_id = assignments.account_id
inner join {{ ref('coverage_accounts') }} as accounts
    on pairs.account_id = accounts.account_id
where assignments.coverer_type = 'house' and pairs.is_open
group by 1, 2
having
    max(case when pairs.rep_id <> assignments.rep_id then pairs.value_amount end)
    > max(case when pairs.rep_id = assignments.rep_id then pairs.value_amount end)
