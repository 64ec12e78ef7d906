-- What figures 1 to 4 rest on: each economy's trade with the World in low-carbon products, with
-- the groups it is summed by. Every HS treatment and source is there, and the run's own choice
-- once more under the source `chosen`. That is fct_world_trade, which takes the publisher by year,
-- flow and product: `publisher` says which.
{{ config(materialized='view') }}

with

    variants as (select * from {{ ref('fct_world_trade_variants') }}),

    chosen as (

        select choices.hs_treatment, world_trade.*
        from {{ ref('fct_world_trade') }} as world_trade
        cross join {{ ref('run_choices') }} as choices

    ),

    products as (select * from {{ ref('dim_product') }} where is_low_carbon),

    economies as (select * from {{ ref('dim_economy') }}),

    trade as (

        select
            hs_treatment,
            source,
            source as publisher,
            year,
            flow,
            economy_iso3,
            product_code,
            value_usd
        from variants
        union all
        select
            hs_treatment,
            'chosen' as source,
            source as publisher,
            year,
            flow,
            economy_iso3,
            product_code,
            value_usd
        from chosen

    ),

    final as (

        select
            trade.hs_treatment,
            trade.source,
            trade.publisher,
            trade.year,
            trade.flow,
            trade.economy_iso3,
            economies.country_group,
            trade.product_code,
            products.sector,
            trade.value_usd
        from trade
        inner join products on trade.product_code = products.product_code
        inner join economies on trade.economy_iso3 = economies.iso3

    )

select *
from final
