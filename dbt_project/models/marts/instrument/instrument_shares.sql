{%- set base_years = 3 -%}

-- What an economy bought from China first: the shares of the shift-share instrument. They are of
-- the first three years in which it bought any low-carbon product, so that later trade has no part
-- in them; an economy with fewer such years has none.
with

    exports as (select * from {{ ref('int_low_carbon_exports_of_china') }}),

    years_with_trade as (select distinct basis, hs_treatment, iso3, year from exports),

    numbered as (

        select
            *,
            row_number() over (partition by basis, hs_treatment, iso3 order by year) as year_number
        from years_with_trade

    ),

    base as (

        select basis, hs_treatment, iso3, min(year) as first_year, max(year) as last_year
        from numbered
        where year_number <= {{ base_years }}
        group by basis, hs_treatment, iso3
        having count(*) = {{ base_years }}

    ),

    by_product as (

        select
            exports.basis,
            exports.hs_treatment,
            exports.iso3,
            exports.product_code,
            min(base.first_year) as first_year,
            min(base.last_year) as last_year,
            sum(exports.value_usd) as value_usd
        from exports
        inner join
            base
            on exports.basis = base.basis
            and exports.hs_treatment = base.hs_treatment
            and exports.iso3 = base.iso3
        where exports.year between base.first_year and base.last_year
        group by exports.basis, exports.hs_treatment, exports.iso3, exports.product_code

    ),

    totals as (

        select basis, hs_treatment, iso3, sum(value_usd) as value_usd
        from by_product
        group by basis, hs_treatment, iso3

    ),

    final as (

        select
            by_product.basis,
            by_product.hs_treatment,
            by_product.iso3,
            by_product.product_code,
            cast(by_product.first_year as integer) as first_year,
            cast(by_product.last_year as integer) as last_year,
            {{ as_float('by_product.value_usd') }} as value_usd,
            {{ share_of('by_product.value_usd', 'totals.value_usd') }} as share
        from by_product
        inner join
            totals
            on by_product.basis = totals.basis
            and by_product.hs_treatment = totals.hs_treatment
            and by_product.iso3 = totals.iso3

    )

select *
from final
