-- Figure 1 on every HS treatment and source.
{{ world_trade_shares(ref('fct_world_trade_variants'), ['hs_treatment', 'source']) }}
