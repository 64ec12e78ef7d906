-- The code of a product, given by its code or by its short name in English or Chinese. An error if
-- there is none such, or if several bear the name.
create macro product_code_of(product) as (
    select case
        when count(*) = 1 then min(known.product_code)
        else error(
            count(*) || ' products are called ' || product
            || ': find_products(word) has the codes and names.'
        )
    end
    from marts.dim_product as known
    where
        known.product_code = product
        or lower(known.short_name) = lower(product)
        or known.short_name_zh = product
)
