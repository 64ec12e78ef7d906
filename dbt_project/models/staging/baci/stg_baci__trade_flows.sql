-- BACI's flows in our units, of every landed file.
with

    flows as (select * from {{ source('raw', 'baci_trade') }}),

    final as (

        select
            cast(t as integer) as year,
            cast(i as {{ dbt.type_string() }}) as exporter_code,
            cast(j as {{ dbt.type_string() }}) as importer_code,
            hs_revision,
            k as hs6_code,
            {{ as_money('v * 1000') }} as value_usd,
            {{ as_money('q * 1000') }} as net_weight_kg,
            baci_release as release,
            landed_file,
            landed_row,
            landed_sequence
        from flows

    )

select *
from final
