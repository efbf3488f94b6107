-- How alike two reps' experience is: the overlap of their closed deals over industries, 0 to 1.
-- A successor of like experience loses less of the business when an account changes hands.
with

mix as (
    select
        rep_id,
        industry,
        cast(count(*) as double precision) / sum(count(*)) over (partition by rep_id) as share
    from {{ ref('int_opportunities__profiled') }}
    where is_closed
    group by rep_id, industry
)

select
    mine.rep_id,
    theirs.rep_id as other_rep_id,
    sum(least(mine.share, theirs.share)) as similarity
from mix as mine
inner join mix as theirs on mine.industry = theirs.industry
-- Two unknowns are not alike.
where mine.industry <> '(unknown)'
group by mine.rep_id, theirs.rep_id
