-- BACI's flows in the codes of the lists, of the one file that counts for a year: a twentieth of
-- its rows, cut out before anything is named or joined to anything larger.
with

    flows as (select * from {{ ref('stg_baci__trade_flows') }}),

    files as (

        select year, landed_file
        from {{ ref('int_baci_files_counted') }}
        where exclusion_reason is null

    ),

    listed_codes as (select distinct hs_revision, hs6_code from {{ ref('int_hs_codes_mapped') }}),

    -- a condition on the code alone: by it a reader of Parquet skips what is not listed
    in_some_revision as (

        select * from flows where hs6_code in (select listed_codes.hs6_code from listed_codes)

    ),

    final as (

        select
            flows.year,
            flows.exporter_code,
            flows.importer_code,
            flows.hs_revision,
            flows.hs6_code,
            flows.value_usd,
            flows.net_weight_kg,
            flows.landed_sequence
        from in_some_revision as flows
        inner join
            listed_codes
            on flows.hs_revision = listed_codes.hs_revision
            and flows.hs6_code = listed_codes.hs6_code
        inner join files on flows.year = files.year and flows.landed_file = files.landed_file

    )

select *
from final
