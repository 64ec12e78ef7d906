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

    final as (

        select flows.*
        from flows
        inner join
            listed_codes
            on flows.hs_revision = listed_codes.hs_revision
            and flows.hs6_code = listed_codes.hs6_code
        inner join files on flows.year = files.year and flows.landed_file = files.landed_file

    )

select *
from final
