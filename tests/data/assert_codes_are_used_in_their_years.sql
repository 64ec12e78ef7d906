{{ config(
    severity='warn',
    meta={'dagster': {'ref': {'name': 'int_comtrade_flows_deduplicated'}}}
) }}
-- A code that has ended, or has not yet begun, in the year of the flow (with a year's grace on
-- either side: states report late and partners keep old codes): for a person to look at.
select flows.year, codes.comtrade_code, codes.name, count(*) as flow_count
from {{ ref('int_comtrade_flows_deduplicated') }} as flows
inner join {{ ref('comtrade_economy_codes') }} as codes on flows.reporter_code = codes.comtrade_code
where flows.year < codes.start_year - 1 or flows.year > codes.end_year + 1
group by flows.year, codes.comtrade_code, codes.name
