select
    certification
from {{ source('policy', 'required_certifications') }}
