select * from {{ source('policy', 'hires') }}
