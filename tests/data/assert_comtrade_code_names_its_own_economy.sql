{{ config(meta={'dagster': {'ref': {'name': 'dim_economy'}}}) }}
-- The code an economy is listed with is, in the list of codes, that very economy.
select economies.iso3, economies.comtrade_code, codes.iso3 as code_iso3
from {{ ref('dim_economy') }} as economies
inner join
    {{ ref('comtrade_economy_codes') }} as codes on economies.comtrade_code = codes.comtrade_code
where codes.iso3 is null or codes.iso3 <> economies.iso3
