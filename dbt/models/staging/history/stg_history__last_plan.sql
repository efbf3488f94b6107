select * from {{ source('history', 'last_plan') }}
