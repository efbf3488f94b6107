select * from {{ source('policy', 'hr_priors') }}
