-- BACI's own list of country codes, from the file that landed last.
with

    economies as (select * from {{ source('raw', 'baci_economies') }}),

    final as (

        select
            cast(cast(country_code as integer) as {{ dbt.type_string() }}) as comtrade_code,
            trim(country_name) as economy_name,
            trim(country_iso3) as iso3
        from economies
        where {{ landed_last('economies') }}

    )

select *
from final
