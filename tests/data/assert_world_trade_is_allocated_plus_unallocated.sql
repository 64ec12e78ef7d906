{{ config(meta={'dagster': {'ref': {'name': 'fct_world_trade'}}}) }}
-- An economy's trade with the World is what it names partners for plus what it does not. More
-- named than the World holds (beyond rounding to a tenth of a per cent) means that parts were
-- counted twice.
select *
from {{ ref('fct_world_trade') }}
where
    abs(value_usd - allocated_usd - unallocated_usd) > 0.01
    or unallocated_usd < - greatest(1, 0.001 * value_usd)
