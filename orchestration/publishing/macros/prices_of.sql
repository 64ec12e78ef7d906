-- Grain: one row per frequency (annual, monthly), flow of China and period. The price index of a
-- product, technology, sector or mineral as marts.price_index names it, or of a code that shares
-- its product with others: all partners, formula ccdi, 100 on average over base_year. Levels of two
-- chains do not compare.
create macro prices_of(goods) as table
select
    price.frequency,
    price.flow,
    price.period,
    price."index",
    price.index_deflated,
    price.base_year,
    price.chain,
    price.is_chained_break,
    price.coverage_share,
    price.spread_of_formulas,
    price.value_usd
from marts.price_index as price
where
    price.aggregate = (
        select coalesce(
            min(known.aggregate),
            error('No prices of ' || goods || ': see aggregate in marts.price_index.')
        )
        from marts.price_index as known
        where known.aggregate = goods
    )
    -- a code may bear the number of its product, which is then meant
    and price.aggregate_kind = (
        select
            coalesce(
                min(case when known.aggregate_kind <> 'code' then known.aggregate_kind end), 'code'
            )
        from marts.price_index as known
        where known.aggregate = goods
    )
    and price.partner_group = 'all'
    and price.formula = 'ccdi'
order by price.frequency, price.flow, price.period
