{{ config(materialized='view') }}

{{ comtrade_flows_named(ref('int_comtrade_flows_deduplicated'), ['year']) }}
