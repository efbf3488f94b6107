select
    role
from {{ source('policy', 'covering_roles') }}
