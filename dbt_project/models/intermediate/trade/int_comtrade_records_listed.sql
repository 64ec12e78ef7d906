-- UN Comtrade's rows of six-digit annual trade in the codes of the lists, of whichever revision:
-- cut out before flows are told from their parts. Whether a reporter gives anything in the revision
-- it was reported in is a matter of all its rows, so that is said here.
{{ config(materialized='view') }}

with

    records as (

        select * from {{ ref('stg_comtrade__trade_records') }} where exclusion_reason is null

    ),

    listed_codes as (select distinct hs6_code from {{ ref('int_hs_codes_mapped') }}),

    originals as (

        select distinct year, reporter_code, flow_code from records where is_original_classification

    ),

    final as (

        select records.*, originals.year is not null as reporter_has_original
        from records
        inner join listed_codes on records.hs6_code = listed_codes.hs6_code
        left join
            originals
            on records.year = originals.year
            and records.reporter_code = originals.reporter_code
            and records.flow_code = originals.flow_code

    )

select *
from final
