-- Figure 2 on every HS treatment and source.
{{ trade_balances(ref('fct_world_trade_variants'), ['hs_treatment', 'source']) }}
