select * from {{ source('policy', 'people_policy') }}
