select * from {{ source('policy', 'goal_parts') }}
