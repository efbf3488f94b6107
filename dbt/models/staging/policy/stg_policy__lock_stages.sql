select
    stage
from {{ source('policy', 'lock_stages') }}
