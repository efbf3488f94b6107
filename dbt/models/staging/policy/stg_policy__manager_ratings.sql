select * from {{ source('policy', 'manager_ratings') }}
