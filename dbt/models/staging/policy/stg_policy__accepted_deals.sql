select * from {{ source('policy', 'accepted_deals') }}
