select * from {{ source('history', 'past_changes') }}
