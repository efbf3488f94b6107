select * from {{ source('policy', 'goals') }}
