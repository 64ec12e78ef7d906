{{ comtrade_flows_classified(ref('int_comtrade_monthly_flows_named'), ['year', 'month']) }}
