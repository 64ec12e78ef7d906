{{ config(materialized='view') }}

{{ comtrade_records_listed("exclusion_reason = 'monthly_goods_trade'", ['year', 'month']) }}
