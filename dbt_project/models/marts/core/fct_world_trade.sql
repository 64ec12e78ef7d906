-- The two sources are never mixed within a year, flow and product, where they would count twice.
-- UN Comtrade counts where it has the product and at least half as many economies report the year
-- and flow to it as trade in BACI; else BACI does: what a few reporters say is not the world's
-- trade. A product that only one of them has comes from that one.
with

    variants as (

        select variants.*
        from {{ ref('fct_world_trade_variants') }} as variants
        inner join
            {{ ref('int_run_choices') }} as choices on variants.hs_treatment = choices.hs_treatment

    ),

    -- a product whose code merged into another's in UN Comtrade's revision of the year is counted
    -- in that one there, so both take the same source
    merged as (

        select revisions.year, concordance.product_code, min(mapped.product_code) as merged_into
        from {{ ref('int_hs_revisions_reported') }} as revisions
        inner join
            {{ ref('int_hs_concordance') }} as concordance
            on revisions.hs_revision = concordance.hs_revision
            and concordance.weight = 0
        inner join
            {{ ref('int_hs_codes_mapped') }} as mapped
            on concordance.hs_revision = mapped.hs_revision
            and concordance.hs6_code = mapped.hs6_code
            and concordance.product_code <> mapped.product_code
        inner join
            {{ ref('int_run_choices') }} as choices on mapped.hs_treatment = choices.hs_treatment
        where revisions.source = 'comtrade'
        group by revisions.year, concordance.product_code

    ),

    with_merged as (

        select variants.*, coalesce(merged.merged_into, variants.product_code) as counted_in
        from variants
        left join
            merged on variants.year = merged.year and variants.product_code = merged.product_code

    ),

    economies as (

        select
            year,
            flow,
            count(distinct case when source = 'comtrade' then economy_iso3 end) as in_comtrade,
            count(distinct case when source = 'baci' then economy_iso3 end) as in_baci
        from variants
        group by year, flow

    ),

    held as (

        select
            year,
            flow,
            counted_in,
            max(case when source = 'comtrade' then 1 else 0 end) as is_in_comtrade,
            max(case when source = 'baci' then 1 else 0 end) as is_in_baci
        from with_merged
        group by year, flow, counted_in

    ),

    chosen as (

        select
            held.year,
            held.flow,
            held.counted_in,
            case
                when held.is_in_baci = 0
                then 'comtrade'
                when
                    held.is_in_comtrade = 1
                    and economies.in_comtrade
                    >= {{ var('minimum_reporting_share') }} * economies.in_baci
                then 'comtrade'
                else 'baci'
            end as source
        from held
        inner join economies on held.year = economies.year and held.flow = economies.flow

    ),

    final as (

        select
            with_merged.year,
            with_merged.economy_iso3,
            with_merged.flow,
            with_merged.product_code,
            with_merged.value_usd,
            with_merged.source,
            with_merged.allocated_usd,
            with_merged.unallocated_usd
        from with_merged
        inner join
            chosen
            on with_merged.year = chosen.year
            and with_merged.flow = chosen.flow
            and with_merged.counted_in = chosen.counted_in
            and with_merged.source = chosen.source

    )

select *
from final
