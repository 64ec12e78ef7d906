-- What China exported to all other economies of the products that an economy bought first: the
-- shifts of the shift-share instrument, in the years after those of the shares. The economy's own
-- purchases are left out, so that its own demand has no part in them.
with

    exports as (select * from {{ ref('int_low_carbon_exports_of_china') }}),

    shares as (select * from {{ ref('instrument_shares') }}),

    totals as (

        select basis, hs_treatment, year, product_code, sum(value_usd) as value_usd
        from exports
        group by basis, hs_treatment, year, product_code

    ),

    final as (

        select
            shares.basis,
            shares.hs_treatment,
            shares.iso3,
            shares.product_code,
            cast(totals.year as integer) as year,
            {{ as_float('totals.value_usd') }} as exports_usd,
            {{ as_float('totals.value_usd - coalesce(own.value_usd, 0)') }} as exports_to_others_usd
        from shares
        inner join
            totals
            on shares.basis = totals.basis
            and shares.hs_treatment = totals.hs_treatment
            and shares.product_code = totals.product_code
            and totals.year > shares.last_year
        left join
            exports as own
            on shares.basis = own.basis
            and shares.hs_treatment = own.hs_treatment
            and shares.iso3 = own.iso3
            and shares.product_code = own.product_code
            and totals.year = own.year

    )

select *
from final
