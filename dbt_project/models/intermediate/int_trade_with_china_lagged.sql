-- Trade with China in the panel's rows, with lag and z-score, long form.
with

trade as (

    select * from {{ ref('int_trade_with_china') }}

),
{{ lagged_and_standardised('trade', ref('int_panel_rows'), ['basis', 'hs_treatment', 'mineral_scope']) }}

select * from standardised
