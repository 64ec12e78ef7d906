{{ config(meta={'dagster': {'ref': {'name': 'int_comtrade_flows_deduplicated'}}}) }}
-- Landed UN Comtrade rows = rows set apart in staging + rows in no code of the lists + rows folded
-- into flows + flows; landed BACI rows = those of the files as counted when they were loaded. A
-- difference means a row was lost in silence.
with

    landed as (

        select 'comtrade' as source, count(*) as row_count
        from {{ source('raw', 'comtrade_trade') }}
        union all
        select 'baci' as source, count(*) as row_count
        from {{ source('raw', 'baci_trade') }}

    ),

    listed_codes as (select distinct hs6_code from {{ ref('int_hs_codes_mapped') }}),

    accounted as (

        select
            'comtrade' as source,
            (
                select count(*)
                from {{ ref('stg_comtrade__trade_records') }} as records
                left join listed_codes on records.hs6_code = listed_codes.hs6_code
                where records.exclusion_reason is not null or listed_codes.hs6_code is null
            )
            + (select count(*) from {{ ref('int_comtrade_flows_deduplicated') }})
            + coalesce(
                (
                    select row_count
                    from {{ ref('audit_exclusions') }}
                    where source = 'comtrade' and stage = 'de-duplication'
                ),
                0
            ) as row_count
        union all
        select 'baci' as source, coalesce(sum(row_count), 0) as row_count
        from {{ ref('int_baci_files_counted') }}

    )

select landed.source, landed.row_count as landed_rows, accounted.row_count as accounted_rows
from landed
inner join accounted on landed.source = accounted.source
where landed.row_count <> accounted.row_count
