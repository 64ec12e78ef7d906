{{ config(materialized='view') }}

{{ comtrade_records_listed("exclusion_reason is null", ['year']) }}
