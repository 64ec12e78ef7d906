{{ comtrade_flows_deduplicated(ref('int_comtrade_monthly_records_listed'), ['year', 'month']) }}
