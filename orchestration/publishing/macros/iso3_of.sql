-- The ISO code of an economy, given by its code or by its name in English or Chinese. An error if
-- there is none such: a query of an economy that is misspelt must not look like one without trade.
create macro iso3_of(economy) as (
    select coalesce(
        min(known.iso3),
        error('No economy ' || economy || ': marts.dim_economy has the codes and names.')
    )
    from marts.dim_economy as known
    where
        known.iso3 = upper(economy)
        or lower(known.economy_name) = lower(economy)
        or known.economy_name_zh = economy
)
