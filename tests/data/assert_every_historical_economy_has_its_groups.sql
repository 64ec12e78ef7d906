{{ config(meta={'dagster': {'ref': {'name': 'historical_economy_groups'}}}) }}
-- Every historical economy has groups of its own time and none of a vintage, and an economy of
-- today the other way round: dim_economy would not read its row.
with

    economies as (select * from {{ ref('economies') }}),

    historical as (select iso3 from {{ ref('historical_economy_groups') }}),

    of_vintages as (select distinct iso3 from {{ ref('economy_groups') }})

select economies.iso3, economies.economy_name, economies.is_historical
from economies
left join historical on economies.iso3 = historical.iso3
left join of_vintages on economies.iso3 = of_vintages.iso3
where
    economies.is_historical <> (historical.iso3 is not null)
    or (economies.is_historical and of_vintages.iso3 is not null)
