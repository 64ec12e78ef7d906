{{ config(meta={'dagster': {'ref': {'name': 'int_comtrade_flows_deduplicated'}}}) }}
-- Landed UN Comtrade rows = rows set apart in staging + rows folded into flows + flows. A
-- difference means a row was lost in silence.
with

    landed as (select count(*) as row_count from {{ source('raw', 'comtrade_trade') }}),

    accounted as (

        select
            (
                select count(*)
                from {{ ref('stg_comtrade__trade_records') }}
                where exclusion_reason is not null
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

    )

select landed.row_count as landed_rows, accounted.row_count as accounted_rows
from landed
cross join accounted
where landed.row_count <> accounted.row_count
