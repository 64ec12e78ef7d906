-- BACI's flows in our units. A year may have landed in several releases or HS revisions; only
-- one file counts for a year: the newest release, within it the newest revision. Rows of the
-- others are kept, marked, so that they can be counted.
with

    flows as (select * from {{ source('raw', 'baci_trade') }}),

    landed_files as (

        select distinct trade_year, landed_file, baci_release, hs_revision, landed_sequence
        from flows

    ),

    ranked_files as (

        select
            trade_year,
            landed_file,
            row_number() over (
                partition by trade_year
                order by baci_release desc, hs_revision desc, landed_sequence desc
            ) as preference
        from landed_files

    ),

    final as (

        select
            cast(flows.t as integer) as year,
            cast(flows.i as {{ dbt.type_string() }}) as exporter_code,
            cast(flows.j as {{ dbt.type_string() }}) as importer_code,
            flows.hs_revision,
            lpad(trim(flows.k), 6, '0') as hs6_code,
            {{ as_money('flows.v * 1000') }} as value_usd,
            {{ as_money('flows.q * 1000') }} as net_weight_kg,
            case
                when ranked_files.preference > 1 then 'another_baci_file_newer'
            end as exclusion_reason,
            flows.landed_file,
            flows.landed_row,
            flows.landed_sequence
        from flows
        inner join
            ranked_files
            on flows.trade_year = ranked_files.trade_year
            and flows.landed_file = ranked_files.landed_file

    )

select *
from final
