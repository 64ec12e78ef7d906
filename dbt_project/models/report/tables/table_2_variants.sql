-- Table 2 on every trade basis and HS treatment.
{{ exports_by_destination(ref('fct_trade_flow_variants'), ['basis', 'hs_treatment']) }}
