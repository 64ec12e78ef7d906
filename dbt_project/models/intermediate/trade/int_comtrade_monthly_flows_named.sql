{{ config(materialized='view') }}

{{ comtrade_flows_named(ref('int_comtrade_monthly_flows_deduplicated'), ['year', 'month']) }}
