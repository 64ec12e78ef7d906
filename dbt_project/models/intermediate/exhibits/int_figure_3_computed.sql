-- Figure 3: world exports of low-carbon products by sector.
with

    by_sector as (select * from {{ ref('int_exports_by_sector_summed') }}),

    measures as (

        select *, 'world exports' as measure, world_usd / 1e9 as value, 'billion USD' as unit
        from by_sector
        union all
        select
            *,
            'sector share of world exports' as measure,
            100 * world_usd / world_all_sectors_usd as value,
            'percent' as unit
        from by_sector
        where sector <> 'all sectors' and world_all_sectors_usd > 0

    ),

    final as (

        select
            year,
            sector,
            measure,
            value,
            unit,
            hs_treatment,
            source,
            products_landed,
            note_code,
            note
        from measures
        where value is not null

    )

select *
from final
