-- Trade with China in the panel's rows, with lag and z-score, long form. The seed `variables` says
-- which product list and direction becomes a variable, and by which transformation.
with

    recorded as (select * from {{ ref('int_trade_with_china') }}),

    with_zeros as (select * from {{ ref('int_trade_with_china_zeros_counted') }}),

    transformed as (

        select *, 'trade' as transformation, value_kusd as value
        from recorded
        union all
        select *, 'trade_ln' as transformation, ln(value_kusd) as value
        from recorded
        where value_kusd > 0
        union all
        select *, 'trade_or_zero' as transformation, value_kusd as value
        from with_zeros

    ),

    trade as (

        select
            transformed.basis,
            transformed.hs_treatment,
            transformed.mineral_scope,
            transformed.iso3,
            transformed.year,
            variables.variable,
            transformed.value
        from transformed
        inner join
            {{ ref('variables') }} as variables
            on transformed.product_list = variables.product_list
            and transformed.direction = variables.direction
            and transformed.transformation = variables.transformation

    ),

    {{ lagged_and_standardised(
        'trade', ref('int_panel_rows'), ['basis', 'hs_treatment', 'mineral_scope']
    ) }}

select *
from standardised
