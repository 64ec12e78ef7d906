{{ comtrade_flows_deduplicated(ref('int_comtrade_records_listed'), ['year']) }}
