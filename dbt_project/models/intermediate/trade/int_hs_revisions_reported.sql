-- The HS revision of each source and year: the one in which most of its flows are reported, of
-- equals the newest. UN Comtrade's reporters adopt a revision in different years; a file of BACI
-- has one throughout.
with

    counted as (

        select 'comtrade' as source, year, hs_revision, count(*) as flow_count
        from {{ ref('int_comtrade_flows_deduplicated') }}
        group by year, hs_revision
        union all
        select 'baci' as source, year, hs_revision, row_count as flow_count
        from {{ ref('int_baci_files_counted') }}
        where exclusion_reason is null

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
