select * from {{ source('policy', 'partner_size_bands') }}
