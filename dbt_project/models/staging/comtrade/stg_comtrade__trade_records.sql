-- Every landed UN Comtrade row, typed. A row that is not six-digit annual goods trade is kept
-- here with the reason why it reaches no annual model, so that it can be counted; monthly trade
-- has models of its own.
with

    records as (select * from {{ source('raw', 'comtrade_trade') }}),

    typed as (

        select {{ comtrade_records_typed() }}, landed_file, landed_row, landed_sequence from records

    ),

    final as (

        select
            *,
            {{ is_pinned_total() }} as is_pinned_total,
            case
                when type_code <> 'C' or frequency_code not in ('A', 'M')
                then 'not_annual_goods_trade'
                when flow_code not in ('M', 'X')
                then 'flow_neither_import_nor_export'
                when length(hs6_code) <> 6 or hs6_code in ('TOTAL', 'AG6')
                then 'not_six_digit_code'
                when hs_revision not in ('H0', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6')
                then 'not_harmonized_system'
                when frequency_code = 'M' and coalesce(month, 0) not between 1 and 12
                then 'not_annual_goods_trade'
                when frequency_code = 'M'
                then 'monthly_goods_trade'
            end as exclusion_reason
        from typed

    )

select *
from final
