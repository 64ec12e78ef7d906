-- Trade with China in the panel's rows, with lag and z-score, long form. Only what the seed
-- `variables` lists becomes a variable.
with

    united as (

        select basis, hs_treatment, mineral_scope, iso3, year, variable, value
        from {{ ref('int_trade_with_china') }}
        union all
        select basis, hs_treatment, mineral_scope, iso3, year, variable, value
        from {{ ref('int_trade_with_china_zeros_counted') }}

    ),

    trade as (select * from united where variable in (select variable from {{ ref('variables') }})),
    {{ lagged_and_standardised(
        'trade', ref('int_panel_rows'), ['basis', 'hs_treatment', 'mineral_scope']
    ) }}

select *
from standardised
