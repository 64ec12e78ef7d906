-- The panel's rows: every economy (China excluded) with World Bank data or trade with China, in
-- every year from 1992 on for which anything has landed. The report's panel starts in 1992, the
-- first year China reports.
with

    covariates as (select distinct iso3, year from {{ ref('int_covariates') }}),

    trade as (select distinct iso3, year from {{ ref('int_trade_with_china') }}),

    united as (

        select iso3, year
        from covariates
        union
        select iso3, year
        from trade

    ),

    economies as (select distinct iso3 from united),

    years as (select distinct year from united where year >= {{ var('panel_first_year') }}),

    final as (select economies.iso3, years.year from economies cross join years)

select *
from final
