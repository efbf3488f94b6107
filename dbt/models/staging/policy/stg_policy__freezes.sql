select * from {{ source('policy', 'freezes') }}
