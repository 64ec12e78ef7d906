{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'dim_economy_pair'}}}) }}
-- Gravity needs an economy's distance to itself, so every economy is paired with itself.
select distinct pairs.iso3_o
from {{ ref('dim_economy_pair') }} as pairs
left join
    {{ ref('dim_economy_pair') }} as own on pairs.iso3_o = own.iso3_o and own.iso3_o = own.iso3_d
where own.distance_km is null
