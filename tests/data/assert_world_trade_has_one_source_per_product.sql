{{ config(meta={'dagster': {'ref': {'name': 'fct_world_trade'}}}) }}
-- Within a year, flow and product world trade comes from one source: two would count twice.
select year, flow, product_code
from {{ ref('fct_world_trade') }}
group by year, flow, product_code
having count(distinct source) > 1
