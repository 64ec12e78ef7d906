{{ comtrade_flows_classified(ref('int_comtrade_flows_named'), ['year']) }}
