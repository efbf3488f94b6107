-- What each industry asks for and what is left of it.
{{ config(materialized='view') }}

select
    mix.industry,
    mix.product,
    cast(mix.share as double precision) as share,
    cast(margins.margin_rate as double precision) as margin_rate
from {{ ref('int_industries__product_mix') }} as mix
inner join {{ ref('int_products__margins') }} as margins on mix.product = margins.product
