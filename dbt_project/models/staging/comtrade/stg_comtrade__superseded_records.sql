-- UN Comtrade rows that a newer answer to the same question replaced, typed. A revision is told
-- from
-- totals of annual goods trade alone; months and parts are counted.
with

    records as (select * from {{ source('raw', 'comtrade_superseded') }}),

    typed as (

        select
            {{ comtrade_records_typed() }},
            landed_sequence,
            replaced_by_sequence,
            released_before,
            released_after
        from records

    ),

    final as (

        select
            year,
            reporter_code,
            partner_code,
            flow_code,
            hs_revision,
            hs6_code,
            value_usd,
            landed_sequence,
            replaced_by_sequence,
            released_before,
            released_after,
            type_code = 'C'
            and frequency_code = 'A'
            and flow_code in ('M', 'X')
            and {{ is_pinned_total() }} as is_annual_total
        from typed

    )

select *
from final
