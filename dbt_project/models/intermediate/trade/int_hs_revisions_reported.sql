-- The HS revision of each source and year: the one in which most of its flows are reported, of
-- equals the newest. UN Comtrade's reporters adopt a revision in different years; a file of BACI
-- has one throughout.
with

    flows as (select * from {{ ref('int_trade_flows_reported') }}),

    counted as (

        select source, year, hs_revision, count(*) as flow_count
        from flows
        group by source, year, hs_revision

    ),

    ranked as (

        select
            *,
            row_number() over (
                partition by source, year order by flow_count desc, hs_revision desc
            ) as preference
        from counted

    ),

    final as (select source, year, hs_revision from ranked where preference = 1)

select *
from final
