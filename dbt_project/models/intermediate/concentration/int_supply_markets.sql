-- The markets whose suppliers are counted, and the products each is made of: a product, a mineral
-- (at all stages of processing, and at each), a technology of a sector. Tables with as many rows as
-- flows know a market by its number: a key smaller than three names.
with

    products as (select * from {{ ref('int_listed_products') }}),

    members as (

        select
            'product' as market_kind, product_code as market, 'all' as mineral_stage, product_code
        from products
        union all
        select
            'mineral' as market_kind,
            transition_mineral as market,
            'all' as mineral_stage,
            product_code
        from products
        where transition_mineral is not null
        union all
        select 'mineral' as market_kind, transition_mineral as market, mineral_stage, product_code
        from products
        where transition_mineral is not null
        union all
        select
            'technology' as market_kind,
            -- sectors share names of technologies, such as `other`
            sector || '/' || technology as market,
            'all' as mineral_stage,
            product_code
        from products
        where technology is not null

    ),

    final as (

        select
            cast(
                dense_rank() over (order by market_kind, market, mineral_stage) as integer
            ) as market_number,
            members.*
        from members

    )

select *
from final
