-- What each landed file of BACI holds of a year, as counted when the year was loaded.
with

    files as (select * from {{ source('raw', 'baci_trade_counted') }}),

    final as (

        select
            cast(trade_year as integer) as year,
            landed_file,
            baci_release as release,
            hs_revision,
            landed_sequence,
            row_count,
            {{ as_money('v * 1000') }} as value_usd
        from files

    )

select *
from final
