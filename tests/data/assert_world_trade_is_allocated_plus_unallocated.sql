{{ config(meta={'dagster': {'ref': {'name': 'fct_world_trade'}}}) }}
-- An economy's trade with the World is what it names partners for plus what it does not, to the
-- cent (to the last digit of a double where that is more). The rest is negative where a publisher
-- names more than it gives the World: see assert_publishers_do_not_contradict_themselves.
select year, economy_iso3, flow, product_code, value_usd, allocated_usd, unallocated_usd
from {{ ref('fct_world_trade_variants') }}
where
    abs(value_usd - allocated_usd - unallocated_usd)
    > greatest(0.01, 1e-15 * greatest(abs(value_usd), abs(allocated_usd)))
union all
select year, economy_iso3, flow, product_code, value_usd, allocated_usd, unallocated_usd
from {{ ref('fct_world_trade') }}
where
    abs(value_usd - allocated_usd - unallocated_usd)
    > greatest(0.01, 1e-15 * greatest(abs(value_usd), abs(allocated_usd)))
