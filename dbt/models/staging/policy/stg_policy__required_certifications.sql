select * from {{ source('policy', 'required_certifications') }}
