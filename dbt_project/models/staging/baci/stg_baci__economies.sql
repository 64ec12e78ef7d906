-- BACI's own list of country codes, from the file that landed last.
with

    economies as (select * from {{ source('raw', 'baci_economies') }}),

    newest as (select max(landed_sequence) as landed_sequence from economies),

    final as (

        select
            cast(
                cast(economies.country_code as integer) as {{ dbt.type_string() }}
            ) as comtrade_code,
            trim(economies.country_name) as economy_name,
            trim(economies.country_iso3) as iso3
        from economies
        inner join newest on economies.landed_sequence = newest.landed_sequence

    )

select *
from final
