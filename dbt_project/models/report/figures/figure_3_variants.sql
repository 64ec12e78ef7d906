-- Figure 3 on every HS treatment and source.
{{ exports_by_sector(
    ref('fct_world_trade_variants'), 'world exports', none, ['hs_treatment', 'source']
) }}
